import pytest
import torch

from convnext_dense import FCMAE, Conv2Former, ConvNeXt, ConvNeXtV2
from convnext_dense.errors import UserError
from convnext_dense.pretrain import VisiblePatches, random_mask
from convnext_dense.pretrain.fcmae import enlarged
from convnext_dense.pretrain.published import load_published
from convnext_dense.pretrain.reference import encode_densely
from convnext_dense.pretrain.targets import patches_of

FAMILIES = ['convnext_dense.ConvNeXtV2', 'convnext_dense.ConvNeXt']


@pytest.fixture
def published(golden, build, tmp_path):
    """The published code's small case, and our model with its weights."""
    case = golden('fcmae_small')
    model = build()
    torch.save(case['checkpoint'], tmp_path / 'fcmae.pth')
    load_published(model, tmp_path / 'fcmae.pth')
    return case, model.double()


@pytest.fixture
def images():
    return torch.randn(3, 3, 96, 128)


@pytest.fixture
def mask():
    return random_mask(3, 3, 4, 0.6)


# --- agreement with the published code ----------------------------------------------


def test_features_agree_with_the_published_ones(published):
    case, model = published
    found = model.encode(case['images'].double(), case['mask'])
    torch.testing.assert_close(found.float(), case['features'], rtol=1e-5, atol=1e-5)


def test_predictions_agree_with_the_published_ones(published):
    case, model = published
    features = model.encode(case['images'].double(), case['mask'])
    found = model.pred(model.decode(features, case['mask'])).float()
    torch.testing.assert_close(found, case['pred'], rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ('norm_pix_loss', 'key'), [(True, 'loss_norm_pix'), (False, 'loss_raw')]
)
def test_losses_agree_with_the_published_ones(published, norm_pix_loss, key):
    case, model = published
    model.norm_pix_loss = norm_pix_loss
    loss = model.loss(case['images'].double(), case['mask'])
    assert loss.item() == pytest.approx(case[key], rel=1e-6)


# --- agreement with the computation on all positions --------------------------------


@pytest.mark.parametrize('family', FAMILIES)
@pytest.mark.parametrize('ratio', [0.3, 0.6, 0.9])
def test_features_are_those_of_the_masked_dense_network(build, images, family, ratio):
    model = build(family)
    mask = random_mask(3, 3, 4, ratio)
    dense = encode_densely(model.encoder, images, mask)
    torch.testing.assert_close(model.encode(images, mask), dense, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('family', FAMILIES)
def test_gradients_are_those_of_the_masked_dense_network(build, images, mask, family):
    model = build(family)
    parameters = dict(model.encoder.named_parameters())

    def gradients(features):
        loss = (
            features * torch.linspace(-1, 1, features.numel()).view_as(features)
        ).sum()
        return torch.autograd.grad(loss, [*parameters.values()])

    packed = gradients(model.encode(images, mask))
    dense = gradients(encode_densely(model.encoder, images, mask))
    for name, ours, theirs in zip(parameters, packed, dense, strict=True):
        scale = theirs.abs().max().item()
        torch.testing.assert_close(
            ours, theirs, rtol=1e-5, atol=1e-5 * max(scale, 1), msg=name
        )


def test_recomputing_blocks_changes_no_gradient(build, images, mask):
    model = build()
    found = []
    for with_cp in (False, True):
        model.encoder.with_cp = with_cp
        model.zero_grad()
        model.loss(images, mask).backward()
        found.append([p.grad for p in model.parameters()])
    for plain, recomputed in zip(*found, strict=True):
        assert torch.equal(plain, recomputed)


def test_mixed_precision_changes_the_loss_little(images, mask):
    model = FCMAE(dict(type='convnext_dense.ConvNeXtV2', arch='atto'))
    exact = model.loss(images, mask)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = model.loss(images, mask)
    loss.backward()
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(exact.item(), rel=1e-2)
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


# --- what a masked autoencoder is ---------------------------------------------------


@pytest.mark.parametrize('family', FAMILIES)
def test_nothing_of_a_removed_patch_reaches_the_encoder(build, images, mask, family):
    model = build(family)
    other = torch.where(enlarged(mask)[:, None], torch.randn_like(images), images)
    assert torch.equal(model.encode(images, mask), model.encode(other, mask))


def test_nothing_of_another_image_reaches_the_encoder(build, images, mask):
    model = build()
    alone = model.encode(images[:1], mask[:1])
    torch.testing.assert_close(alone, model.encode(images, mask)[:1])


def test_features_are_zero_where_patches_are_removed(build, images, mask):
    features = build().encode(images, mask)
    assert features.shape == (3, 48, 3, 4)
    assert torch.equal((features == 0).all(1), mask)


def test_the_loss_looks_at_removed_patches_alone(build, images, mask):
    model = build()
    target = patches_of(VisiblePatches(~mask).stack(images))
    variance, mean = torch.var_mean(target, -1, keepdim=True)
    target = (target - mean) / (variance + 1e-6).sqrt()
    predicted = model.pred(model.decode(model.encode(images, mask), mask))
    predicted = predicted.permute(0, 2, 3, 1)[mask].view_as(target)
    expected = (predicted - target).square().mean()
    torch.testing.assert_close(model.loss(images, mask), expected)


def test_every_weight_learns(build, images):
    model = build()
    model(images, mode='loss')['loss'].backward()
    silent = [n for n, p in model.named_parameters() if p.grad is None]
    assert silent == []


def test_the_encoder_of_a_model_is_a_dense_backbone_name_by_name(build, small):
    arch = dict(depths=(1, 1, 2, 1), widths=(16, 24, 32, 48))
    dense = ConvNeXtV2(arch)
    report = dense.load_state_dict(build().encoder.state_dict(), strict=False)
    assert report.unexpected_keys == []
    assert all(key.startswith('norm') for key in report.missing_keys)


def test_an_encoder_can_be_given_as_it_is(encoder):
    assert FCMAE(encoder).encoder is encoder


def test_training_lowers_the_loss(build):
    torch.manual_seed(0)
    rows = torch.linspace(-1, 1, 64).view(1, 1, -1, 1)
    images = (rows * torch.randn(8, 3, 1, 1)).expand(-1, -1, -1, 64).contiguous()
    model = build(norm_pix_loss=False, mask_ratio=0.5)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        loss = model(images, mode='loss')['loss']
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 4


def test_tensor_mode_gives_the_features_of_whole_images(build, images):
    shapes = [tuple(x.shape[1:]) for x in build()(images)]
    assert shapes == [(16, 24, 32), (24, 12, 16), (32, 6, 8), (48, 3, 4)]


# --- reconstructions ----------------------------------------------------------------


@pytest.mark.parametrize('norm_pix_loss', [True, False])
def test_a_perfect_prediction_reconstructs_the_image(
    build, images, mask, norm_pix_loss, monkeypatch
):
    model = build(norm_pix_loss=norm_pix_loss)
    target = patches_of(images)
    if norm_pix_loss:
        variance, mean = torch.var_mean(target, -1, keepdim=True)
        target = (target - mean) / (variance + 1e-6).sqrt()
    perfect = target.transpose(1, 2).unflatten(2, (3, 4))
    monkeypatch.setattr(model.pred, 'forward', lambda _: perfect)
    torch.testing.assert_close(model.reconstruct(images, mask), images)


def test_a_reconstruction_keeps_what_was_visible(build, images):
    mask, shown = build()(images, mode='predict')
    same = (shown == images).all(1)
    assert torch.equal(same, ~enlarged(mask))


# --- larger patches -----------------------------------------------------------------


def test_patches_of_64_are_removed_as_a_whole(build):
    mask = build(patch_size=64).random_mask(torch.zeros(2, 3, 128, 256))
    assert mask.shape == (2, 4, 8)
    blocks = mask.view(2, 2, 2, 4, 2).sum((2, 4))
    assert set(blocks.unique().tolist()) == {0, 4}


# --- bad input ----------------------------------------------------------------------


@pytest.mark.parametrize('ratio', [0, 1, 1.2])
def test_a_ratio_that_is_no_share_is_refused(build, ratio):
    with pytest.raises(UserError, match='mask_ratio'):
        build(mask_ratio=ratio)


@pytest.mark.parametrize('size', [0, 16, 48])
def test_a_patch_size_that_the_encoder_cannot_cut_is_refused(build, size):
    with pytest.raises(UserError, match='multiple of 32'):
        build(patch_size=size)


@pytest.mark.parametrize(('height', 'width'), [(100, 128), (128, 100)])
def test_a_size_that_is_no_multiple_of_32_is_refused(build, height, width):
    with pytest.raises(UserError, match=f'{height} x {width} pixels'):
        build()(torch.zeros(1, 3, height, width), mode='loss')


@pytest.mark.parametrize('side', [16, 32])
def test_an_image_of_one_patch_or_less_is_refused(build, side):
    with pytest.raises(UserError):
        build()(torch.zeros(1, 3, side, side), mode='loss')


def test_a_backbone_that_looks_beyond_patches_is_refused(small):
    with pytest.raises(UserError, match=r'Conv2Former cannot be masked.*ConvNeXtV2'):
        FCMAE(small(Conv2Former))


def test_a_block_that_does_not_run_on_patches_is_refused(encoder):
    encoder.stages[1].add_module('other', torch.nn.Identity())
    with pytest.raises(UserError, match=r'the Identity of stages\.1'):
        FCMAE(encoder)


def test_a_backbone_without_its_last_stage_is_refused(small):
    with pytest.raises(UserError, match='all 4 stages'):
        FCMAE(small(ConvNeXt, out_indices=(0, 1)))
