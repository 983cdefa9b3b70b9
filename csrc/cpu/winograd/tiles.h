// The tiles that the results of Winograd's convolutions are cut into.
//
// The results of a tile are `apart` from each other along an axis, as far as the dilation: those of one phase
// of it see the pixels of their own phase alone, and make tiles of their own.
#pragma once
#include <cstdint>

#include "cpu/product/axis.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// Along an axis, phase by phase of a dilation.
template <int Step>
struct TilesAlong {
  int64_t size, apart;

  // Phases that have one result more than the others, and the tiles of each of those and of these.
  int64_t longer() const { return size % apart; }
  int64_t more() const { return ceil_div(size / apart + 1, Step); }
  int64_t fewer() const { return ceil_div(size / apart, Step); }

  int64_t count() const { return longer() * more() + (apart - longer()) * fewer(); }

  // The first result of a tile.
  int64_t first(int64_t tile) const {
    const int64_t before = longer() * more();
    if (tile < before) return tile / more() + tile % more() * Step * apart;
    tile -= before;
    return longer() + tile / fewer() + tile % fewer() * Step * apart;
  }

  // That of the tile after the one at `first`; `size` or more where there is none.
  int64_t after(int64_t first) const {
    const int64_t next = first + Step * apart;
    if (next < size) return next;
    const int64_t phase = first % apart + 1;
    return phase < apart ? phase : size;
  }
};

// The first result of a tile: image, row and column.
struct Corner {
  int64_t n, i, j;
};

// The tiles of Step × Step results in all images, row by row of tiles; those of a phase follow each other
// along either axis.
template <int Step>
struct TileGrid {
  TilesAlong<Step> down, across;
  int64_t rows, cols, count;

  TileGrid(int64_t images, TilesAlong<Step> down, TilesAlong<Step> across)
      : down(down), across(across), rows(down.count()), cols(across.count()), count(images * rows * cols) {}

  Corner corner(int64_t tile) const {
    return {tile / cols / rows, down.first(tile / cols % rows), across.first(tile % cols)};
  }
  // The corner of the tile after that of `c`.
  Corner after(Corner c) const {
    if ((c.j = across.after(c.j)) < across.size) return c;
    c.j = 0;
    if ((c.i = down.after(c.i)) < down.size) return c;
    return {c.n + 1, 0, 0};
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
