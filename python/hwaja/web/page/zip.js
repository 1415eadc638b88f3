/** A ZIP archive without compression (PKWARE APPNOTE 6.3). No document. */

const LOCAL_FILE = 0x04034b50;
const CENTRAL_FILE = 0x02014b50;
const END = 0x06054b50;

/** 2.0, the first version with folders. */
const VERSION = 20;

/** Names are UTF-8. */
const FLAGS = 0x0800;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/**
 * Return the bytes of an archive.
 *
 * @param {Object<string, string>} files their texts, by their names
 * @param {Date} date of all of them
 * @returns {Uint8Array}
 */
export function zipOf(files, date) {
  const encoder = new TextEncoder();
  const local = [];
  const central = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const [nameBytes, content] = [name, text].map((each) => encoder.encode(each));
    const described = description(nameBytes, content, date);
    const head = bytes([4, LOCAL_FILE], ...described);
    local.push(head, nameBytes, content);
    central.push(
      // Made by the same version; no comment, first disk, no attributes.
      bytes([4, CENTRAL_FILE], [2, VERSION], ...described, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]),
      nameBytes
    );
    offset += head.length + nameBytes.length + content.length;
  }
  const count = central.length / 2;
  const size = central.reduce((sum, { length }) => sum + length, 0);
  const end = bytes([4, END], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, offset], [2, 0]);
  return joined([...local, ...central, end]);
}

/** What both heads of a file say; it is stored as it is, and there is nothing extra. */
function description(name, content, date) {
  const time = (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1);
  const day = ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate();
  return [
    [2, VERSION], [2, FLAGS], [2, 0], [2, time], [2, day], [4, crcOf(content)],
    [4, content.length], [4, content.length], [2, name.length], [2, 0],
  ];
}

function crcOf(content) {
  let crc = 0xffffffff;
  for (const byte of content) crc = CRC_TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** Numbers of so many bytes each, the lowest byte first. */
function bytes(...numbers) {
  const written = numbers.map(([count, number]) => {
    return Array.from({ length: count }, (_, place) => (number >>> (8 * place)) & 0xff);
  });
  return Uint8Array.from([].concat(...written));
}

function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
