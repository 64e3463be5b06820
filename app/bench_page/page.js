// The page, made of one or more reports, and what happens on it.

// The tiles: their words, and what a report says there: the figure, its unit, what it is of. Null where it does not say.
const TILES = [
  ["Online", (report) => {
    const one = bestOnline(report);
    return one && [number(one.fps), "frames/s", `${titleOf(kindOf(one))}, p99 ${number(one.p99_ms)} ms; the paper ${report.paper.online_fps}`];
  }],
  ["Times plain ONNX Runtime", (report) => {
    const one = bestOnline(report);
    return one && [times(one.of_reference), "", "float32, online, in the same rounds"];
  }],
  ["Batched", (report) => {
    const one = best(report.results.filter((each) => each.batch > 1)), paper = report.paper;
    return one && [number(one.fps), "frames/s",
      `${titleOf(kindOf(one))}, ${thousands(one.batch)} together; the paper ${paper.batched_fps} with ${paper.batch}`];
  }],
  ["Picture in, vertices out", (report) => {
    const one = best(report.lines.filter((each) => each.picture.endsWith("colour")));
    return one && [number(one.fps), "frames/s", `1200×1600 colour, p99 ${number(one.p99_ms)} ms`];
  }],
  ["Of what arithmetic allows", (report) => {
    const one = bestOnline(report);
    return one && one.of_floor ? [String(Math.round(100 * one.of_floor)), "%", `of the rate of plain ${one.precision} matrix products`] : null;
  }],
  ["Cold start", (report) => {
    const online = bestOnline(report);
    const one = report.cold_starts.find((each) => online && kindOf(each) === kindOf(online));
    return one ? [number(one.first_frame_ms), "ms", `${titleOf(kindOf(one))}, a new process to its first mesh`] : null;
  }],
];

function bestOnline(report) {
  return best(report.results.filter((one) => one.batch === 1));
}

// One for each thing measured; several machines' figures stand in it one below the other.
function tiles(reports) {
  const made = TILES.map((tile) => {
    const figures = reports.map(tile[1]);
    if (!figures.some(Boolean)) return "";
    const rows = figures.map((one, index) => {
      const told = one || ["–", "", "not measured"];
      return `<div class="figure">${letter(reports, index)}${told[0]}<span class="unit">${told[1]}</span></div>`
        + `<div class="detail">${told[2]}</div>`;
    });
    return `<div class="tile"><div class="words">${tile[0]}</div>${rows.join("")}</div>`;
  });
  return `<div class="tiles${reports.length > 1 ? " several" : ""}">${made.join("")}</div>`;
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
${tiles(reports)}
<div id="facts">${facts(reports)}</div>${warning}
<div id="other" class="screen"><label class="button">Lay another machine’s JSON over this
<input type="file" accept=".json,application/json" multiple></label>
<span class="note">or drop it anywhere on the page; nothing leaves this computer.</span><p id="refused" class="warning"></p></div>
${section("online", "Online", `One frame in flight, waited for before the next: the network alone. Beside each figure its
ratio to ONNX Runtime in float32, measured in the same rounds. ${escaped(paper.source)}, on an ${escaped(paper.gpu)}: ${paper.online_fps}${escaped(others)}.`,
    onlinePlot(reports, width))}
${section("batches", "Batched", `Many frames solved together; from 4 on with backends opened for throughput. In the paper: ${paper.batched_fps} with ${paper.batch}.`,
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
${section("parity", "How true it stays", `Distance of the vertices from those of ONNX Runtime in float32, on ${escaped(main.parity_pictures || "the same pictures")}.`, parityTable(reports))}
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
