"""UperNet on data of your own: images and PNGs of class indices.

python tools/train.py configs/custom/upernet_convnext-v2-atto_1k_label-png.py \
    --cfg-options data_root=data/my_data image_size=512
"""

_base_ = [
    '../_base_/models/upernet_small.py',
    '../_base_/data/label_png.py',
    '../_base_/schedules/scratch_iterations.py',
]
data_root = 'data/my_data'
image_size = 512
