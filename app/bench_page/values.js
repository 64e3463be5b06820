"use strict";
// Reports as their JSON files hold them: names, numbers in words, figures that follow from others.

const NAMES = { openvino: "OpenVINO", onnxruntime: "ONNX Runtime", tensorrt: "TensorRT", cuda: "ONNX Runtime CUDA" };
const KINDS = [
  "openvino bfloat16", "openvino int8", "openvino float32", "onnxruntime float32", "onnxruntime int8",
  "tensorrt float16", "tensorrt int8", "cuda float32",
];
const REFERENCE = "onnxruntime float32";
const STAGES = ["decode", "upload", "crop", "network", "download"];
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DASHES = ["", "6 4", "2 3", "9 3 2 3"];
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
  "November", "December"];
const NARROW_PX = 560;
const CHARACTER_PX = 7, END_PX = 18;  // of the figures at the rows' ends, and the space before and behind them

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

// Times the same backend and precision one frame at a time; null for that itself. Earlier versions did not measure both
// in the same rounds.
function ofOnline(report, result) {
  if (typeof result.of_online === "number") return result.of_online;
  const online = report.results.find((one) => kindOf(one) === kindOf(result) && one.batch === 1);
  return online && result.batch > 1 ? result.fps / online.fps : null;
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
