// Axes, and plots that are rows along one; everything is text of SVG, a pixel to a unit.

function niceStep(span, count) {
  const rough = span / count;
  const power = Math.pow(10, Math.floor(Math.log10(rough)));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
}

function linear(most, start, end, spacing) {
  const step = niceStep(most, Math.max(2, Math.floor(Math.abs(end - start) / spacing)));
  const top = step * Math.ceil(most / step - 1e-9);
  const ticks = [];
  for (let tick = 0; tick <= top + step / 2; tick += step) ticks.push(Number(tick.toPrecision(9)));
  return { at: (value) => start + (end - start) * Math.min(value, top) / top, ticks, top, isLog: false };
}

// From one of 1, 2, 5, 10, 20 ... to another; over more than three decades only the powers of ten are named.
function logarithmic(least, most, start, end) {
  const steps = [];
  for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(most)); power += 1) {
    [1, 2, 5].forEach((factor) => steps.push(Number((factor * Math.pow(10, power)).toPrecision(3))));
  }
  const low = steps.filter((step) => step <= least).pop(), high = steps.find((step) => step >= most);
  const isLong = high > 1000 * low;
  const isNamed = (step) => !isLong || Math.abs(Math.log10(step) - Math.round(Math.log10(step))) < 1e-6;
  const ticks = steps.filter((step) => step >= low && step <= high && isNamed(step));
  const place = (value) => (Math.log10(value) - Math.log10(low)) / (Math.log10(high) - Math.log10(low));
  return { at: (value) => start + (end - start) * place(Math.max(value, low)), ticks, top: high, isLog: true };
}

function axis(values, start, end, spacing) {
  const least = Math.min.apply(null, values), most = Math.max.apply(null, values);
  return most > 40 * least ? logarithmic(least, most, start, end) : linear(most, start, end, spacing);
}

function tickText(value) {
  return value >= 1000 ? thousands(value) : String(value);
}

function svg(width, height, label, content) {
  return `<svg class="plot" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img"`
    + ` aria-label="${escaped(label)}">${content}</svg>`;
}

function text(x, y, words, kind, anchor) {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" class="${kind || ""}"`
    + ` text-anchor="${anchor || "start"}">${escaped(words)}</text>`;
}

function lineSvg(x1, y1, x2, y2, kind) {
  const places = [x1, y1, x2, y2].map((place) => place.toFixed(1));
  return `<line x1="${places[0]}" y1="${places[1]}" x2="${places[2]}" y2="${places[3]}" class="${kind}"/>`;
}

// Rows of bars or spans along one horizontal axis.
// A row: {label, end, title, parts: [{from, to, kind}], marks: [{at, kind}]}; a reference: {at, label}.
function rowsPlot(width, label, unit, rows, references, needsZero) {
  if (!rows.length) return "";
  const isNarrow = width < NARROW_PX;
  const longest = Math.max.apply(null, rows.map((row) => row.end.length));
  const beside = Math.max(isNarrow ? 60 : 148, END_PX + CHARACTER_PX * longest);
  const left = isNarrow ? 0 : 214, right = width - beside, top = references.length ? 30 : 8;
  const pitch = isNarrow ? 44 : 30, bar = 15;
  const values = rows.reduce((all, row) => all.concat(row.parts.map((part) => part.to), row.marks.map((one) => one.at)), []);
  const known = values.concat(references.filter((one) => one.isKept).map((one) => one.at)).filter((one) => one > 0);
  const most = Math.max.apply(null, known);
  const scale = needsZero ? linear(most, left, right, 80) : axis(known, left, right, 80);
  const bottom = top + pitch * rows.length + 4;
  let content = "";
  scale.ticks.forEach((tick) => {
    content += lineSvg(scale.at(tick), top - 2, scale.at(tick), bottom, "grid");
    content += text(scale.at(tick), bottom + 16, tickText(tick), "tick", "middle");
  });
  content += text(right + 24, bottom + 16, unit, "tick unit");
  let lastEnd = -1e9;
  references.filter((one) => one.at <= scale.top).sort((one, other) => one.at - other.at).forEach((one) => {
    const x = scale.at(one.at);
    content += lineSvg(x, top - 6, x, bottom, "reference");
    const half = 3.2 * one.label.length;
    const place = Math.max(half, Math.min(width - half, x));
    const y = place - half < lastEnd ? top - 21 : top - 9;
    content += text(place, y, one.label, "referred", "middle");
    lastEnd = place + half + 6;
  });
  rows.forEach((row, index) => {
    const y = top + pitch * index + (isNarrow ? 20 : (pitch - bar) / 2);
    content += isNarrow ? text(0, y - 5, row.label, "row") : text(0, y + 12, row.label, "row");
    const furthest = [scale.isLog ? left : scale.at(0)];
    let shapes = "";
    row.parts.forEach((part) => {
      const from = part.from > 0 ? scale.at(part.from) : left, to = scale.at(part.to);
      const height = part.isThin ? 4 : bar, inset = part.isThin ? (bar - 4) / 2 : 0;
      shapes += `<rect x="${from.toFixed(1)}" y="${(y + inset).toFixed(1)}" width="${Math.max(1, to - from).toFixed(1)}"`
        + ` height="${height}" rx="2" class="${part.kind}"/>`;
      furthest.push(to);
    });
    row.marks.forEach((one) => {
      shapes += `<circle cx="${scale.at(one.at).toFixed(1)}" cy="${y + bar / 2}" r="${one.radius}" class="${one.kind}"/>`;
      furthest.push(scale.at(one.at) + 3);
    });
    content += `<g><title>${escaped(row.title)}</title>${shapes}</g>`;
    content += text(Math.max.apply(null, furthest) + 7, y + 12, row.end, "value");
  });
  return svg(width, bottom + 22, label, content);
}

function fill(kind, index) {
  return `s${series(kind)} m${Math.min(index, 3)}`;
}
