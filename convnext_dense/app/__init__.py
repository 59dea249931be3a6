"""A page in the browser that shows what a trained model finds (the extra ``app``)."""
