"use strict";
// The benchmark's page, made of one or more reports. Everything up to the last part takes values and gives text.

const NAMES = { openvino: "OpenVINO", onnxruntime: "ONNX Runtime", tensorrt: "TensorRT" };
const KINDS = [
  "openvino bfloat16", "openvino int8", "openvino float32", "onnxruntime float32", "onnxruntime int8",
  "tensorrt float16", "tensorrt int8",
];
const REFERENCE = "onnxruntime float32";
const STAGES = ["decode", "upload", "crop", "network", "download"];
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DASHES = ["", "6 4", "2 3", "9 3 2 3"];
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
  "November", "December"];
const NARROW_PX = 560;

// Words and numbers

function escaped(text) {
  return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

function thousands(whole) {
  return String(Math.round(whole)).replace(/\B(?=(\d{3})+$)/g, ",");
}

// Three digits that mean something: 5,043, 182, 99.2, 5.37, 0.122.
function number(value) {
  if (typeof value !== "number" || !isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 99.95) return thousands(value);
  if (size >= 9.995) return value.toFixed(1);
  if (size >= 0.9995 || size === 0) return value.toFixed(2);
  return value.toFixed(Math.min(6, 2 - Math.floor(Math.log10(size))));
}

function percent(share) {
  return typeof share === "number" ? `${Math.round(100 * share)} %` : "–";
}

function times(ratio) {
  return typeof ratio === "number" ? `${ratio.toFixed(ratio < 9.95 ? 2 : 1)}×` : "–";
}

// 27 November 2026, 18:42 UTC
function day(stamp) {
  const parts = /^(\d+)-(\d+)-(\d+)T(\d+:\d+)/.exec(stamp);
  return parts ? `${Number(parts[3])} ${MONTHS[Number(parts[2]) - 1]} ${parts[1]}, ${parts[4]} UTC` : String(stamp);
}

function kindOf(one) {
  return `${one.backend} ${one.precision}`;
}

function titleOf(kind) {
  const parts = kind.split(" ");
  return `${NAMES[parts[0]] || parts[0]} ${parts[1]}`;
}

function series(kind) {
  const place = KINDS.indexOf(kind);
  return place < 0 ? 7 : place;
}

function machineName(report) {
  const machine = report.machine;
  const cores = `${machine.num_cores} core${machine.num_cores === 1 ? "" : "s"}`;
  const gpu = machine.gpu && machine.gpu.names.length ? `${machine.gpu.names[0]}, ` : "";
  return `${gpu}${machine.processor}, ${cores}`;
}

function isReport(value) {
  return Boolean(value && Array.isArray(value.results) && value.results.length && Array.isArray(value.lines)
    && value.machine && value.machine.processor && value.paper);
}

// Reports of the first version hold no ratios; they follow from their own figures.
function completed(report) {
  const beside = (rows, same) => rows.map((one) => {
    const against = rows.find((other) => kindOf(other) === REFERENCE && same(one, other));
    const ratio = against ? one.fps / against.fps : null;
    return Object.assign({ of_reference: ratio, of_floor: null, prepared_fps: null }, one);
  });
  return Object.assign({}, report, {
    results: beside(report.results, (one, other) => one.batch === other.batch),
    lines: beside(report.lines, (one, other) => one.picture === other.picture),
    stages: report.stages || [], rates: report.rates || [], floors: report.floors || [], power: report.power || [],
    parity: report.parity || [], cold_starts: report.cold_starts || [], left_out: report.left_out || [],
    absent: report.absent || [], work: report.work || null,
  });
}

function best(rows) {
  return rows.reduce((first, one) => (first && first.fps >= one.fps ? first : one), null);
}

function kindsIn(reports) {
  const found = [];
  reports.forEach((report) => report.results.forEach((one) => {
    if (!found.includes(kindOf(one))) found.push(kindOf(one));
  }));
  return found.sort((one, other) => series(one) - series(other));
}

function letter(reports, index) {
  return reports.length > 1 ? `<span class="letter">${LETTERS[index]}</span>` : "";
}

// Every row of `pick(report)` with its machine, grouped by what computed it.
function grouped(reports, pick) {
  const rows = [];
  kindsIn(reports).forEach((kind) => reports.forEach((report, index) => {
    pick(report).filter((one) => kindOf(one) === kind).forEach((one) => rows.push({ one, kind, index, report }));
  }));
  return rows;
}

function rowLabel(reports, row, more) {
  const tag = reports.length > 1 ? `${LETTERS[row.index]}  ` : "";
  return tag + titleOf(row.kind) + (more ? `, ${more}` : "");
}

// Axes

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
  const left = isNarrow ? 0 : 214, right = width - (isNarrow ? 96 : 148), top = references.length ? 30 : 8;
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

// The plots

function onlinePlot(reports, width) {
  const paper = reports[0].paper;
  const rows = grouped(reports, (report) => report.results.filter((one) => one.batch === 1)).map((row) => ({
    label: rowLabel(reports, row),
    end: `${number(row.one.fps)}  ·  ${times(row.one.of_reference)}`,
    title: `${titleOf(row.kind)}: ${number(row.one.fps)} frames/s, p50 ${number(row.one.p50_ms)} ms`,
    parts: [{ from: 0, to: row.one.fps, kind: fill(row.kind, row.index) }], marks: [],
  }));
  const references = [{ at: paper.online_fps, label: `the paper ${paper.online_fps}`, isKept: true }];
  if (paper.others_fps) references.push({ at: paper.others_fps, label: `before it ${paper.others_fps}` });
  return rowsPlot(width, "Frames a second, one at a time", "frames/s", rows, references, false);
}

function spread(labels, gap) {
  labels.sort((one, other) => one.y - other.y);
  for (let pass = 0; pass < 60; pass += 1) {
    for (let index = 1; index < labels.length; index += 1) {
      const missing = gap - (labels[index].y - labels[index - 1].y);
      if (missing > 0) { labels[index].y += missing / 2; labels[index - 1].y -= missing / 2; }
    }
  }
  return labels;
}

function batchPlot(reports, width) {
  const batches = [];
  reports.forEach((report) => report.results.forEach((one) => {
    if (!batches.includes(one.batch)) batches.push(one.batch);
  }));
  batches.sort((one, other) => one - other);
  if (batches.length < 2) return "";
  const paper = reports[0].paper, isNarrow = width < NARROW_PX;
  const left = 52, right = width - (isNarrow ? 16 : 190), top = 26, bottom = top + (isNarrow ? 230 : 300);
  const all = reports.reduce((found, report) => found.concat(report.results.map((one) => one.fps)), []);
  const y = axis(all.concat([paper.online_fps, paper.batched_fps]), bottom, top, 55);
  const low = Math.log2(batches[0]), high = Math.log2(Math.max(batches[batches.length - 1], paper.batch));
  const x = (batch) => left + (right - left) * (Math.log2(batch) - low) / (high - low);
  let content = text(0, 12, "frames/s", "tick unit");
  y.ticks.forEach((tick) => {
    content += lineSvg(left, y.at(tick), right, y.at(tick), "grid");
    content += text(left - 8, y.at(tick) + 4, tickText(tick), "tick", "end");
  });
  let lastX = -1e9;
  batches.forEach((batch) => {
    content += lineSvg(x(batch), bottom, x(batch), bottom + 4, "grid");
    if (x(batch) - lastX < 24) return;
    content += text(x(batch), bottom + 18, batch, "tick", "middle");
    lastX = x(batch);
  });
  content += text((left + right) / 2, bottom + 36, "frames in a batch", "tick unit", "middle");
  const labels = [];
  kindsIn(reports).forEach((kind) => reports.forEach((report, index) => {
    const points = report.results.filter((one) => kindOf(one) === kind).sort((one, other) => one.batch - other.batch);
    if (!points.length) return;
    const path = points.map((one, place) => `${place ? "L" : "M"}${x(one.batch).toFixed(1)} ${y.at(one.fps).toFixed(1)}`);
    const dash = DASHES[index % DASHES.length];
    content += `<path d="${path.join("")}" class="curve l${series(kind)}"${dash ? ` stroke-dasharray="${dash}"` : ""}/>`;
    points.forEach((one) => {
      const told = `${rowLabel(reports, { kind, index })}, batch ${one.batch}: ${number(one.fps)} frames/s`;
      content += `<circle cx="${x(one.batch).toFixed(1)}" cy="${y.at(one.fps).toFixed(1)}" r="3.2"`
        + ` class="s${series(kind)}"><title>${escaped(told)}</title></circle>`;
    });
    const last = points[points.length - 1];
    labels.push({ x: x(last.batch), from: y.at(last.fps), y: y.at(last.fps), words: `${rowLabel(reports, { kind, index })}  ${number(last.fps)}`, kind });
  }));
  [[1, paper.online_fps], [paper.batch, paper.batched_fps]].forEach((point) => {
    const px = x(point[0]), py = y.at(point[1]);
    content += `<path d="M${px} ${py - 6}l6 6l-6 6l-6 -6z" class="paper"/>`;
    const isLeft = px > (left + right) / 2;
    content += text(px + (isLeft ? -11 : 11), py + 4, `the paper ${point[1]}`, "referred", isLeft ? "end" : "start");
  });
  if (!isNarrow) spread(labels, 16).forEach((one) => {
    content += lineSvg(one.x + 5, one.from, right + 10, one.y, `leader l${series(one.kind)}`);
    content += text(right + 14, one.y + 4, one.words, "row");
  });
  const plot = svg(width, bottom + 44, "Frames a second by batch", content);
  const legend = labels.map((one) => `<span><i class="key s${series(one.kind)}"></i>${escaped(one.words)}</span>`);
  return isNarrow ? `<div class="legend">${legend.join("")}</div>${plot}` : plot;
}

function latencyPlot(reports, width) {
  const rows = [];
  const kinds = [["network alone", (report) => report.results.filter((one) => one.batch === 1)]];
  ["colour", "mono"].forEach((colour) => kinds.push(
    [`${colour} picture`, (report) => report.lines.filter((one) => one.picture.endsWith(colour))],
  ));
  kindsIn(reports).forEach((kind) => kinds.forEach((what) => reports.forEach((report, index) => {
    what[1](report).filter((one) => kindOf(one) === kind).forEach((one) => rows.push({
      label: rowLabel(reports, { kind, index }, width < NARROW_PX ? what[0] : what[0].split(" ")[0]),
      end: `${number(one.p50_ms)} · ${number(one.p95_ms)} · ${number(one.p99_ms)}`,
      title: `${titleOf(kind)}, ${what[0]}: half within ${number(one.p50_ms)} ms, 95 % within ${number(one.p95_ms)} ms,`
        + ` 99 % within ${number(one.p99_ms)} ms`,
      parts: [{ from: one.p50_ms, to: one.p99_ms, kind: `thin ${fill(kind, index)}`, isThin: true }],
      marks: [{ at: one.p50_ms, radius: 5.5, kind: `s${series(kind)}` }, { at: one.p95_ms, radius: 3.5, kind: `s${series(kind)}` },
        { at: one.p99_ms, radius: 4, kind: `hollow l${series(kind)}` }],
    }));
  })));
  const references = [{ at: 1000 / 60, label: "60 Hz" }, { at: 1000 / 30, label: "30 Hz" }];
  return rowsPlot(width, "Milliseconds a frame", "ms", rows, references, false);
}

// What one frame of a movie takes, stage after stage.
function stagesOf(report, kind) {
  const line = report.lines.find((one) => kindOf(one) === kind && one.picture.endsWith("colour"));
  const find = (stage, word) => report.stages.find((one) => one.stage === stage && one.what.includes(word));
  const decode = find("decode", "H.264 1200x1600 colour");
  if (!line || !decode) return [];
  return [["decode", decode.p50_ms], ["crop", line.crop_p50_ms], ["network", line.network_p50_ms]];
}

function stagePlot(reports, width) {
  const rows = [];
  kindsIn(reports).forEach((kind) => reports.forEach((report, index) => {
    const stages = stagesOf(report, kind);
    if (!stages.length) return;
    let sum = 0;
    const parts = stages.map((stage) => {
      const part = { from: sum, to: sum + stage[1], kind: `stage${STAGES.indexOf(stage[0])}` };
      sum += stage[1];
      return part;
    });
    const told = stages.map((stage) => `${stage[0]} ${number(stage[1])} ms`).join(", ");
    rows.push({ label: rowLabel(reports, { kind, index }), end: `${number(sum)} ms`, title: told, parts, marks: [] });
  }));
  if (!rows.length) return "";
  const legend = ["decode", "crop", "network"].map(
    (stage) => `<span><i class="key stage${STAGES.indexOf(stage)}"></i>${stage}</span>`,
  );
  const plot = rowsPlot(width, "Milliseconds of each stage", "ms", rows, [], true);
  return `<div class="legend">${legend.join("")}</div>${plot}`;
}

function floorPlot(reports, width) {
  const rows = grouped(reports, (report) => report.results.filter((one) => one.batch === 1 && one.of_floor)).map((row) => {
    const floor = row.report.floors.find((one) => one.precision === row.one.precision);
    return {
      label: rowLabel(reports, row),
      end: `${percent(row.one.of_floor)}${floor ? `  of ${number(floor.arithmetic_ms)} ms` : ""}`,
      title: `${titleOf(row.kind)}: ${percent(row.one.of_floor)} of the rate of plain matrix products`,
      parts: [{ from: 0, to: 100 * row.one.of_floor, kind: fill(row.kind, row.index) }], marks: [],
    };
  });
  return rowsPlot(width, "Share of the matrix rate", "%", rows, [{ at: 100, label: "matrix products", isKept: true }], true);
}

function powerPlot(reports, width) {
  const rows = grouped(reports, (report) => report.power.filter((one) => one.joules_per_frame)).map((row) => ({
    label: rowLabel(reports, row),
    end: `${number(row.one.joules_per_frame)} J`,
    title: `${titleOf(row.kind)}: ${number(row.one.joules_per_frame)} J a frame`,
    parts: [{ from: 0, to: row.one.joules_per_frame, kind: fill(row.kind, row.index) }], marks: [],
  }));
  return rowsPlot(width, "Joules a frame", "J a frame", rows, [], true);
}

function coldPlot(reports, width) {
  const rows = grouped(reports, (report) => report.cold_starts).map((row) => ({
    label: rowLabel(reports, row),
    end: `${number(row.one.first_frame_ms)} ms`,
    title: `${titleOf(row.kind)}: ${number(row.one.first_frame_ms)} ms from a new process to its first mesh`,
    parts: [{ from: 0, to: row.one.first_frame_ms, kind: fill(row.kind, row.index) }], marks: [],
  }));
  return rowsPlot(width, "Milliseconds from a new process to its first mesh", "ms", rows, [], true);
}

// Tables

function table(reports, header, rows) {
  if (!rows.length) return "";
  const machine = reports.length > 1 ? ["<th></th>"] : [];
  const head = machine.concat(header.map((one) => `<th>${one}</th>`)).join("");
  const body = rows.map((row) => {
    const first = reports.length > 1 ? [`<td>${letter(reports, row.index)}</td>`] : [];
    return `<tr>${first.concat(row.cells.map((cell) => `<td>${cell}</td>`)).join("")}</tr>`;
  });
  const kind = reports.length > 1 ? ' class="several"' : "";
  return `<div class="scroll"><table${kind}><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table></div>`;
}

function keyed(kind) {
  return `<i class="key s${series(kind)}"></i>${escaped(titleOf(kind))}`;
}

function resultTable(reports) {
  const rows = grouped(reports, (report) => report.results).map((row) => ({ index: row.index, cells: [
    keyed(row.kind), thousands(row.one.batch), `<b>${number(row.one.fps)}</b>`, number(row.one.p50_ms), number(row.one.p95_ms),
    number(row.one.p99_ms), times(row.one.of_reference), percent(row.one.of_floor),
  ] }));
  return table(reports, ["", "batch", "frames/s", "p50 ms", "p95 ms", "p99 ms", "× ONNX Runtime<br>float32", "of matrix<br>rate"], rows);
}

function lineTable(reports) {
  const rows = grouped(reports, (report) => report.lines).map((row) => ({ index: row.index, cells: [
    keyed(row.kind), escaped(row.one.picture.split(" ")[1]), `<b>${number(row.one.fps)}</b>`, number(row.one.prepared_fps),
    number(row.one.p50_ms), number(row.one.p95_ms), number(row.one.p99_ms), number(row.one.crop_p50_ms),
    number(row.one.network_p50_ms), times(row.one.of_reference),
  ] }));
  return table(reports, ["", "picture", "frames/s<br>with copies", "frames/s<br>without", "p50 ms", "p95 ms", "p99 ms",
    "of it crop", "network", "× ONNX Runtime<br>float32"], rows);
}

function stageTable(reports) {
  const rows = [];
  reports.forEach((report, index) => report.stages.forEach((one) => rows.push({ index, cells: [
    escaped(one.stage), `<span class="left">${escaped(one.what)}</span>`, number(one.p50_ms), number(one.p95_ms), number(one.p99_ms),
  ] })));
  return table(reports, ["stage", '<span class="left">of what</span>', "p50 ms", "p95 ms", "p99 ms"], rows);
}

function floorTable(reports) {
  const rows = [];
  reports.forEach((report, index) => {
    report.rates.forEach((one) => {
      const floor = report.floors.find((other) => other.precision === one.precision);
      const needed = report.work ? 1000 * report.work.multiply_adds / one.multiply_adds_per_s : null;
      rows.push({ index, cells: [
        escaped(NAMES[one.by] || one.by), escaped(one.precision), number(one.multiply_adds_per_s / 1e9), number(needed),
        floor ? number(floor.weights_ms) : "–",
      ] });
    });
  });
  return table(reports, ["", "precision", "G multiply-adds/s", "the network<br>would need ms", "reading its<br>weights ms"], rows);
}

function coldTable(reports) {
  const rows = grouped(reports, (report) => report.cold_starts).map((row) => {
    const warm = row.report.results.find((one) => one.batch === 1 && kindOf(one) === row.kind);
    return { index: row.index, cells: [
      keyed(row.kind), `<b>${number(row.one.first_frame_ms)}</b>`, number(row.one.load_ms), warm ? number(warm.p50_ms) : "–",
    ] };
  });
  return table(reports, ["", "new process to<br>first mesh ms", "loading again<br>to first mesh ms", "warm frame<br>p50 ms"], rows);
}

function powerTable(reports) {
  const rows = grouped(reports, (report) => report.power).map((row) => ({ index: row.index, cells: [
    keyed(row.kind), number(row.one.processor_watts), number(row.one.processor_mhz), number(row.one.gpu_watts),
    number(row.one.gpu_mhz), number(row.one.joules_per_frame),
  ] }));
  return table(reports, ["", "processor W", "processor MHz", "GPU W", "GPU MHz", "J a frame"], rows);
}

function parityTable(reports) {
  const rows = grouped(reports, (report) => report.parity).map((row) => ({ index: row.index, cells: [
    keyed(row.kind), `<b>${number(row.one.rms_mm)}</b>`, number(row.one.worst_mm), thousands(row.one.num_frames),
  ] }));
  return table(reports, ["", "rms mm", "worst vertex mm", "frames"], rows);
}

// The page

function tile(words, value, unit, detail) {
  return `<div class="tile"><div class="words">${words}</div><div class="figure">${value}<span class="unit">${unit}</span></div>`
    + `<div class="detail">${detail}</div></div>`;
}

function tiles(report) {
  const online = best(report.results.filter((one) => one.batch === 1));
  const batched = best(report.results.filter((one) => one.batch > 1));
  const line = best(report.lines.filter((one) => one.picture.endsWith("colour")));
  const paper = report.paper;
  const made = [];
  if (online) {
    made.push(tile("Online", number(online.fps), "frames/s", `${titleOf(kindOf(online))}, p99 ${number(online.p99_ms)} ms;`
      + ` the paper ${paper.online_fps}`));
    made.push(tile("Of plain ONNX Runtime", times(online.of_reference), "", "float32, online, in the same rounds"));
  }
  if (batched) made.push(tile("Batched", number(batched.fps), "frames/s",
    `${titleOf(kindOf(batched))}, ${thousands(batched.batch)} together; the paper ${paper.batched_fps} with ${paper.batch}`));
  if (line) made.push(tile("Picture in, vertices out", number(line.fps), "frames/s",
    `1200×1600 colour, p99 ${number(line.p99_ms)} ms`));
  if (online && online.of_floor) made.push(tile("Of what arithmetic allows", String(Math.round(100 * online.of_floor)), "%",
    `of the rate of plain ${online.precision} matrix products`));
  const cold = report.cold_starts.reduce((first, one) => (
    first && first.first_frame_ms <= one.first_frame_ms ? first : one), null);
  if (cold) made.push(tile("Cold start", number(cold.first_frame_ms), "ms", `${titleOf(kindOf(cold))}, a new process to its first mesh`));
  return `<div class="tiles">${made.join("")}</div>`;
}

function facts(reports) {
  return reports.map((report, index) => {
    const machine = report.machine;
    const work = report.work ? `, ${number(report.work.multiply_adds / 1e9)} G multiply-adds a frame` : "";
    const memory = machine.memory_mib ? `, ${number(machine.memory_mib / 1024)} GiB` : "";
    const features = machine.features && machine.features.length ? ` (${machine.features.join(", ")})` : "";
    const remove = index ? `<button class="remove screen" data-index="${index}">remove</button>` : "";
    const rows = [
      ["Machine", `${machineName(report)}${features}${memory}, ${machine.system}`],
      ["Network", `actor ${report.actor}, ${thousands(report.num_vertices)} vertices, `
        + `${number(report.num_parameters / 1e6)} M parameters${work}`],
      ["Threads", `${report.num_threads} of each runtime`],
      ["Date", day(report.created)],
    ];
    if (report.command) rows.push(["Command", `<code>${escaped(report.command)}</code>`, true]);
    const made = rows.map((row) => `<dt>${row[0]}</dt><dd>${row[2] ? row[1] : escaped(row[1])}</dd>`).join("");
    const title = reports.length > 1 ? `<h3>${letter(reports, index)} ${escaped(machineName(report))} ${remove}</h3>` : "";
    return `${title}<dl>${made}</dl>`;
  }).join("");
}

function section(id, title, note, content, kind) {
  if (!content) return "";
  return `<section id="${id}" class="${kind || ""}"><h2>${title}</h2><p class="note">${note}</p>${content}</section>`;
}

function notMeasured(reports) {
  const told = [];
  reports.forEach((report, index) => report.left_out.concat(report.absent).forEach((words) => {
    told.push(`<li>${letter(reports, index)} ${escaped(words)}</li>`);
  }));
  return told.length ? `<ul class="missing">${told.join("")}</ul>` : "";
}

function page(given, width) {
  const reports = given.map(completed), main = reports[0], paper = main.paper;
  const networks = [];
  reports.forEach((one) => { if (!networks.includes(one.checksum)) networks.push(one.checksum); });
  const warning = networks.length > 1 ? '<p class="warning">These machines ran different networks: compare with care.</p>' : "";
  const others = paper.others_fps ? `; ${paper.others} reach ${paper.others_fps}` : "";
  const hasWatts = reports.some((one) => one.power.length > 0);
  return `<header><p class="house">LiveDouble · Benchmark</p>
<h1>${reports.length > 1 ? `${reports.length} machines` : escaped(machineName(main))}</h1>
<p class="lead">How fast the network of ${escaped(main.actor)} turns pictures of a face into its mesh.</p></header>
${tiles(main)}${reports.length > 1 ? `<p class="note">Of machine A.</p>` : ""}
<div id="facts">${facts(reports)}</div>${warning}
<div id="other" class="screen"><label class="button">Lay another machine’s JSON over this
<input type="file" accept=".json,application/json" multiple></label>
<span class="note">or drop it anywhere on the page; nothing leaves this computer.</span><p id="refused" class="warning"></p></div>
${section("online", "Online", `One frame in flight, waited for before the next: the network alone. Beside each figure its
ratio to ONNX Runtime in float32, measured in the same rounds. ${escaped(paper.source)}, on an ${escaped(paper.gpu)}: ${paper.online_fps}${escaped(others)}.`,
    onlinePlot(reports, width))}
${section("batches", "Batched", `Many frames solved together, opened for throughput. In the paper: ${paper.batched_fps} with ${paper.batch}.`,
    batchPlot(reports, width))}
${section("latency", "How long a frame takes", "Large dot: half of all frames are this fast; small dot: 95 %; ring: 99 %. The pictures are 1200×1600, crop included.",
    latencyPlot(reports, width), "page")}
${section("stages", "Stage by stage", "One frame of an H.264 movie in colour, each stage waiting for the one before. In <code>solve</code> and <code>live</code> they overlap.",
    stagePlot(reports, width) + stageTable(reports))}
${section("floor", "What arithmetic allows", `Multiply-adds a second of the network as a share of what the same machine does in plain
matrix products of the same precision, in the same rounds. More than 100 % is possible: a network’s shapes may suit the caches better.`,
    floorPlot(reports, width) + floorTable(reports), "page")}
${section("power", "Watts and clocks", "Read while frames were solved one after the other; a meter that a machine does not have stays empty.",
    hasWatts ? powerPlot(reports, width) + powerTable(reports) : "")}
${section("parity", "How true it stays", "Distance of the vertices from those of ONNX Runtime in float32.", parityTable(reports))}
${section("cold", "Warm and cold", "From the start of a new process, libraries and checks included, to its first mesh; and loading once more in a process that has its libraries.",
    coldPlot(reports, width) + coldTable(reports))}
${section("figures", "All figures", "The network alone, without copies: its input made beforehand, its results left where the runtime puts them. Milliseconds are of a whole batch.",
    resultTable(reports), "page")}
${section("pictures", "Picture in, vertices out", "With copies: the crop made of each 1200×1600 picture, the network, its results copied out. Without: as above, in the same rounds.",
    lineTable(reports))}
${section("missing", "Not measured", "What cannot run or be read here, and why.", notMeasured(reports))}
<section id="how"><h2>How it was measured</h2><p class="note">In ${main.num_rounds || "several"} rounds, in each of which everything
compared had its turn: a busy moment hits all alike. Frames a second and ratios are medians over the rounds, percentiles those
of all runs. Pictures and movies are drawn faces with a camera’s noise, the same on every machine.</p></section>`;
}

// From here on the page itself

if (typeof document !== "undefined") {
  const place = document.getElementById("page");
  const reports = JSON.parse(document.getElementById("reports").textContent);
  let drawnWidth = 0;
  const innerWidth = () => {
    const style = getComputedStyle(place);
    return Math.floor(place.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight));
  };
  const draw = (width) => {
    drawnWidth = width;
    place.innerHTML = page(reports, width);
  };
  const add = (files) => Array.from(files).forEach((file) => file.text().then((content) => {
    let value = null;
    try { value = JSON.parse(content); } catch (error) { value = null; }
    if (isReport(value)) reports.push(value);
    draw(drawnWidth);
    if (!isReport(value)) document.getElementById("refused").textContent = `${file.name} is not a report of livedouble bench.`;
  }));
  draw(innerWidth());
  place.addEventListener("change", (event) => add(event.target.files));
  place.addEventListener("click", (event) => {
    if (!event.target.classList.contains("remove")) return;
    reports.splice(Number(event.target.dataset.index), 1);
    draw(drawnWidth);
  });
  window.addEventListener("resize", () => { if (innerWidth() !== drawnWidth) draw(innerWidth()); });
  window.addEventListener("beforeprint", () => draw(680));
  window.addEventListener("afterprint", () => draw(innerWidth()));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => { event.preventDefault(); add(event.dataTransfer.files); });
}
