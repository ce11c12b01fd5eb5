// WebSocket frames as a server sends them: never masked, so that they can be read and changed on the way.

const HEAD_END = Buffer.from('\r\n\r\n');

/** A function of pieces of a server's stream, which gives them back with its text frames changed by `change(object)`. */
export function rewriting(change) {
  let rest = Buffer.alloc(0);
  let upgraded = false;
  return (piece) => {
    rest = Buffer.concat([rest, piece]);
    const out = [];
    if (!upgraded) {
      const end = rest.indexOf(HEAD_END);
      if (end < 0) return take(out, rest.length);
      upgraded = true;
      take(out, end + HEAD_END.length);
    }
    for (let size; (size = frameSize(rest)) > 0; ) {
      const frame = rest.subarray(0, size);
      if ((frame[0] & 0x0f) !== 1) out.push(frame);
      else {
        const before = JSON.parse(payload(frame));
        const after = change(before);
        if (after === before) out.push(frame);
        else if (after !== undefined) out.push(textFrame(after));
      }
      rest = rest.subarray(size);
    }
    return Buffer.concat(out);
  };

  function take(out, bytes) {
    out.push(rest.subarray(0, bytes));
    rest = rest.subarray(bytes);
    return Buffer.concat(out);
  }
}

export function textFrame(object) {
  return frame(0x81, Buffer.from(JSON.stringify(object)));
}

export function closeFrame(code, reason = '') {
  const body = Buffer.alloc(2);
  body.writeUInt16BE(code);
  return frame(0x88, Buffer.concat([body, Buffer.from(reason)]));
}

function frame(first, body) {
  const head = body.length < 126 ? Buffer.from([first, body.length]) : Buffer.from([first, 126, body.length >> 8, body.length & 0xff]);
  return Buffer.concat([head, body]);
}

/** The size of the frame at the beginning, or 0 where it is not all there yet. */
function frameSize(data) {
  const head = headSize(data);
  if (head === 0) return 0;
  const size = head + (head === 2 ? data[1] : head === 4 ? data.readUInt16BE(2) : Number(data.readBigUInt64BE(2)));
  return data.length >= size ? size : 0;
}

function headSize(data) {
  const size = data.length < 2 ? 0 : data[1] === 127 ? 10 : data[1] === 126 ? 4 : 2;
  return data.length >= size ? size : 0;
}

function payload(frame) {
  return frame.subarray(headSize(frame)).toString();
}
