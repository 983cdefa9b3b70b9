// Which algorithms a convolution may choose from: one setting for the whole process.
#pragma once

namespace pydl {

enum class ConvAlgorithm { automatic, direct };

ConvAlgorithm conv_algorithm();
void set_conv_algorithm(ConvAlgorithm algorithm);

}  // namespace pydl
