"""What plugs into mmdet; each module is imported when it is asked for by name."""
