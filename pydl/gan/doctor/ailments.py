"""What can be wrong with a GAN, in a word and in a sentence, and what helps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ailment:
    """A failure: its short name for the progress line, what is seen, and what to try."""

    word: str
    seen: str
    remedy: str


AILMENTS = {
    "collapse": Ailment(
        "mode collapse",
        "generated samples amount to {variety:.3g} different ones, the data to {variety_real:.3g}{of_kinds}",
        "let the discriminator see several samples at once (PacGAN, minibatch discrimination), unroll it, or take a "
        "Wasserstein loss with gradient penalty; a smaller learning rate of the generator helps too",
    ),
    "vanishing": Ailment(
        "vanishing gradient",
        "the generator's gradient has faded to {gradient_g:.2g} (weakest in {weakest}) while the discriminator is "
        "right on {certain:.0%}",
        "take the non-saturating, least-squares or Wasserstein loss instead of minimax, smooth the real labels, or "
        "train the discriminator less (a smaller learning rate or k)",
    ),
    "d_wins": Ailment(
        "D too strong",
        "the discriminator tells {right_real:.0%} of the real and {right_fake:.0%} of the generated samples rightly",
        "give the discriminator a smaller learning rate, fewer steps (k) or fewer weights, or a penalty on its "
        "slopes (R1, spectral normalisation)",
    ),
    "g_wins": Ailment(
        "G too strong",
        "the discriminator tells only {right_real:.0%} of the real and {right_fake:.0%} of the generated samples "
        "rightly, worse than guessing",
        "give the discriminator more steps (k), a larger learning rate or more weights",
    ),
    "divergence": Ailment(
        "diverging",
        "the size of the losses has grown to {level_d:.3g} (discriminator) and {level_g:.3g} (generator)",
        "lower the learning rates, and bound the discriminator (gradient penalty, spectral normalisation)",
    ),
    "oscillation": Ailment(
        "oscillating",
        "the losses go round with a period of {period:.0f} steps",
        "lower the learning rates or Adam's beta1, add a gradient penalty (R1 damps the rotation), or keep a moving "
        "average of the generator",
    ),
    "memorising": Ailment(
        "memorising",
        "{copies:.0%} of the generated samples lie nearer to a training sample than 95% of real test samples do",
        "train on more or augmented data, stop earlier, or take a smaller generator",
    ),
}


def tell(kind: str, step: int, figures: dict[str, float | str]) -> str:
    """What is wrong and what helps, in a line."""
    ailment = AILMENTS[kind]
    return f"GAN doctor: {ailment.word} at step {step}: {ailment.seen.format(**figures)}; {ailment.remedy}"
