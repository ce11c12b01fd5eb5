// Makes a screenshot smaller without changing a pixel: a browser packs its PNGs quickly rather than well.

import { crc32, deflateSync, inflateSync } from 'node:zlib';

const HEAD = 8;
// Bytes per pixel of what Chromium writes: colour type 2 (red, green, blue) or 6 (and alpha), eight bits each.
const DEPTH = { 2: 3, 6: 4 };

export function smaller(png) {
  const chunks = [];
  for (let at = HEAD; at < png.length; ) {
    const length = png.readUInt32BE(at);
    chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  const header = chunks.find(({ type }) => type === 'IHDR').data;
  const [width, depth] = [header.readUInt32BE(0), DEPTH[header[9]]];
  const packed = Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data));
  const rows = unfiltered(inflateSync(packed), width * depth, depth);
  // Drawn pages have long stretches of one colour: the filters, which help photographs, only stand in the way here.
  const plain = deflateSync(Buffer.concat(rows.flatMap((row) => [Buffer.of(0), row])), { level: 9, memLevel: 9 });
  return Buffer.concat([png.subarray(0, HEAD), chunk('IHDR', header), chunk('IDAT', plain), chunk('IEND', Buffer.alloc(0))]);
}

function unfiltered(bytes, width, depth) {
  const rows = [];
  let above = Buffer.alloc(width);
  for (let at = 0; at < bytes.length; at += width + 1) {
    const filter = bytes[at];
    const row = Buffer.from(bytes.subarray(at + 1, at + 1 + width));
    for (let i = 0; i < width; i += 1) {
      const [left, up, corner] = [row[i - depth] ?? 0, above[i], above[i - depth] ?? 0];
      row[i] += [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
    }
    rows.push(row);
    above = row;
  }
  return rows;
}

function paeth(left, up, corner) {
  const [a, b, c] = [up - corner, left - corner, left + up - 2 * corner].map(Math.abs);
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
