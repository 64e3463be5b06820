// Each plot of the page: reports and a width in pixels to SVG; empty where there is nothing to show.

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
      end: `${percent(row.one.of_floor)}${floor ? `, floor ${number(floor.arithmetic_ms)} ms` : ""}`,
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
