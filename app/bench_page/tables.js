// Each table of the page: reports to HTML; empty where there is nothing to show.

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
    number(row.one.p99_ms), times(ofOnline(row.report, row.one)), times(row.one.of_reference), percent(row.one.of_floor),
  ] }));
  return table(reports, ["", "batch", "frames/s", "p50 ms", "p95 ms", "p99 ms", "× online", "× ONNX Runtime<br>float32", "of matrix<br>rate"], rows);
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
  const rows = [];
  reports.forEach((report, index) => report.parity.forEach((one) => rows.push({ index, cells: [
    keyed(kindOf(one)), `<b>${one.rms_mm.toFixed(4)}</b>`, one.worst_mm.toFixed(3), thousands(one.num_frames),
  ] })));
  return table(reports, ["", "rms mm", "worst vertex mm", "frames"], rows);
}
