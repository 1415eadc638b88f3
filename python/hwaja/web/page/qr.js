/** A QR code (ISO/IEC 18004): version 5-L in bytes, with mask 0. No document. */

const SIZE = 37;
const DATA_BYTES = 108;

/** Of level L and mask 0, with its check bits. */
const FORMAT = 0x77c4;

/** The polynomial for 26 check bytes (annex A), without its first coefficient. */
const DIVISOR = bytesOf('f633b7048862c7984d38ce189128d175e92a87444690924d2b5e');

/**
 * Return the dark modules as the path of an SVG; each is one unit wide.
 *
 * @param {string} text in ASCII
 * @returns {string} empty: it is longer than 106 characters
 */
export function qrPath(text) {
  if (text.length > DATA_BYTES - 2) return '';
  const grid = frame();
  const bits = checked(text).map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let path = '';
  let place = 0;
  // Two columns at a time, up and down in turns; the seventh has the clock.
  for (let right = SIZE - 1; right > 0; right -= right === 8 ? 3 : 2) {
    for (let step = 0; step < 2 * SIZE; step++) {
      const x = right - (step % 2);
      const y = (right + 1) & 2 ? step >> 1 : SIZE - 1 - (step >> 1);
      if (grid[y][x] === undefined) grid[y][x] = (bits[place++] === '1') !== ((x + y) % 2 === 0);
    }
  }
  grid.forEach((row, y) => row.forEach((isDark, x) => (path += isDark ? `M${x} ${y}h1v1h-1z` : '')));
  return path;
}

/** What all codes have in common; undefined: a bit of this one. */
function frame() {
  const grid = Array.from({ length: SIZE }, () => Array(SIZE).fill(undefined));
  const square = (left, top, radius, light) => {
    for (let y = -radius; y <= radius; y++) {
      for (let x = -radius; x <= radius; x++) {
        const row = grid[top + y] || [];
        if (left + x in row) row[left + x] = !light.includes(Math.max(Math.abs(x), Math.abs(y)));
      }
    }
  };
  for (let i = 0; i < SIZE; i++) grid[6][i] = grid[i][6] = i % 2 === 0;
  square(3, 3, 4, [2, 4]);
  square(SIZE - 4, 3, 4, [2, 4]);
  square(3, SIZE - 4, 4, [2, 4]);
  square(SIZE - 7, SIZE - 7, 2, [1]);
  for (let i = 0; i < 15; i++) {
    const isDark = ((FORMAT >> i) & 1) === 1;
    grid[i < 6 ? i : i < 8 ? i + 1 : SIZE - 15 + i][8] = isDark;
    grid[8][i < 8 ? SIZE - 1 - i : i === 8 ? 7 : 14 - i] = isDark;
  }
  grid[SIZE - 8][8] = true;
  return grid;
}

/** The bytes of a text, and those that correct them (Reed-Solomon). */
function checked(text) {
  const hex = (number) => number.toString(16).padStart(2, '0');
  const written = [...text].map((each) => hex(each.charCodeAt(0))).join('');
  const data = bytesOf(`4${hex(text.length)}${written}0`.padEnd(2 * DATA_BYTES, 'ec11'));
  const rest = DIVISOR.map(() => 0);
  for (const byte of data) {
    const factor = byte ^ rest.shift();
    rest.push(0);
    DIVISOR.forEach((each, k) => (rest[k] ^= times(each, factor)));
  }
  return [...data, ...rest];
}

function bytesOf(hex) {
  return hex.match(/../g).map((byte) => parseInt(byte, 16));
}

/** In GF(256). */
function times(one, other) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >> 7) * 0x11d) ^ (((other >> bit) & 1) * one);
  }
  return product;
}
