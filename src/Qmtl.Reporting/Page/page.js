"use strict";

// The page itself: totals, the three tables, the dialog of a stream, colours, paper.
const axis = make("canvas", { className: "axis", role: "img", "aria-label": "Time, UTC" });
const sum = of => streams.reduce((total, stream) => total + of(stream), 0);

function fillTotals() {
    const late = streams.filter(stream => stream.late);
    const missing = sum(stream => stream.missing),
        expected = sum(stream => stream.expected);
    const tile = (id, name, value, more, tone) =>
        make(
            "div",
            { id: `total-${id}`, className: tone ?? "" },
            make("dt", {}, name),
            make("dd", {}, value),
            make("dd", { className: "quiet" }, more),
        );
    byId("title").textContent = report.title;
    byId("about").textContent =
        `${report.store} · made ${timeText(report.now, { seconds: true })} UTC by Qmtl ${report.version} · all times are UTC, a bar's time is its open`;
    byId("totals").replaceChildren(
        tile("streams", "Streams", counts.format(streams.length), count(new Set(streams.map(stream => stream.node)).size, "node")),
        tile("bars", "Bars stored", counts.format(sum(stream => stream.bars)), `of ${counts.format(expected)} expected`),
        tile(
            "missing",
            "Missing",
            counts.format(missing),
            `in ${count(
                sum(stream => stream.gapCount),
                "gap",
            )}`,
            missing ? "bad" : "good",
        ),
        tile("empty", "Known not to exist", counts.format(sum(stream => stream.empty)), "a source said so"),
        tile(
            "complete",
            "Complete",
            percentText(expected ? 1 - missing / expected : 1),
            count(streams.filter(stream => !stream.missing).length, "stream") + " whole",
            missing ? "" : "good",
        ),
        tile(
            "fresh",
            "Up to date",
            counts.format(streams.length - late.length),
            late.length
                ? `${counts.format(late.length)} behind by ${count(
                      late.reduce((total, stream) => total + stream.behind, 0),
                      "bar",
                  )}`
                : "none behind",
            late.length ? "late" : "good",
        ),
        ...(findings
            ? [
                  tile(
                      "findings",
                      "Findings",
                      counts.format(report.findingCount),
                      `in ${count(streams.filter(stream => stream.findings).length, "stream")}`,
                      findings.length ? "bad" : "good",
                  ),
              ]
            : []),
    );
}

const columnsOf = {
    node: of => ({ name: "Node", kind: "open", text: row => of(row).node }),
    interval: of => ({ name: "Interval", text: row => of(row).interval.text, sort: row => of(row).interval.seconds, kind: "interval" }),
    start: { name: "From", text: row => (row.start ? timeText(row.start) : ""), sort: row => row.start, kind: "time" },
    end: { name: "To", text: row => (row.start ? timeText(row.end) : ""), sort: row => row.end, kind: "time" },
    bars: { name: "Bars", text: row => counts.format(row.bars), sort: row => row.bars, kind: "number", first: "descending" },
};
const itself = row => row,
    itsStream = row => row.stream;
const gapColumns = [
    columnsOf.start,
    columnsOf.end,
    columnsOf.bars,
    {
        name: "Time",
        text: row => spanText(row.end - row.start + row.stream.interval.seconds),
        sort: row => row.end - row.start,
        kind: "number extra",
        first: "descending",
    },
    {
        name: "Note",
        text: row => (row.pieces > 1 ? `${counts.format(row.pieces)} gaps shown as one` : row.kind === "late" ? "not there yet" : ""),
        kind: "main extra",
    },
];
const gapWords = gap => `${gap.stream.node} ${gap.stream.interval.text} ${timeText(gap.start)} ${timeText(gap.end)}`;
const findingColumns = [
    { name: "Rule", text: row => row.rule },
    columnsOf.start,
    columnsOf.end,
    { name: "What", text: row => row.text, kind: "main" },
];

const streamTable = new LongTable(byId("streams-table"), {
    label: "Streams and their timelines",
    rows: streams,
    empty: "No stream is like that.",
    words: stream => `${stream.node} ${stream.interval.text}`,
    onOpen: openStream,
    onKey: zoomKey,
    onDraw: drawTimelines,
    columns: [
        columnsOf.node(itself),
        columnsOf.interval(itself),
        {
            name: "Complete",
            text: row => percentText(row.complete),
            sort: row => row.complete,
            kind: "number complete",
            tone: row => (row.missing ? "bad" : "good"),
        },
        { name: "Missing", text: row => counts.format(row.missing), sort: row => row.missing, kind: "number extra", first: "descending" },
        { name: "Bars", text: row => counts.format(row.bars), sort: row => row.bars, kind: "number extra", first: "descending" },
        {
            name: "Freshness",
            text: freshText,
            sort: row => (row.stored ? row.behind * row.interval.seconds : Infinity),
            kind: "fresh",
            first: "descending",
            tone: row => (row.late ? "late" : "good"),
        },
        { name: "Timeline", head: axis, cell: timelineOf, kind: "timeline" },
    ],
});
const gapTable = new LongTable(byId("gaps-table"), {
    label: "Gaps",
    rows: gaps,
    empty: "Nothing is missing.",
    words: gapWords,
    onOpen: gap => openStream(gap.stream),
    columns: [columnsOf.node(itsStream), columnsOf.interval(itsStream), ...gapColumns],
});
const findingTable = new LongTable(byId("findings-table"), {
    label: "Findings of the data tests",
    rows: findings ?? [],
    onOpen: finding => openStream(finding.stream),
    empty: findings ? "The tests found nothing." : "No tests of the data were run for this report.",
    words: finding => `${finding.stream.node} ${finding.stream.interval.text} ${finding.rule} ${finding.text}`,
    columns: [columnsOf.node(itsStream), columnsOf.interval(itsStream), ...findingColumns],
});

streamTable.onRows = rows =>
    (byId("streams-count").textContent =
        rows.length === streams.length
            ? count(rows.length, "stream")
            : `${counts.format(rows.length)} of ${count(streams.length, "stream")}`);
gapTable.onRows = rows =>
    (byId("gaps-count").textContent =
        rows.length === 0 && gaps.length === 0
            ? ""
            : `${count(
                  rows.reduce((total, gap) => total + gap.bars, 0),
                  "bar",
              )} in ${count(
                  rows.reduce((total, gap) => total + gap.pieces, 0),
                  "gap",
              )}, of which ${counts.format(
                  rows.reduce((total, gap) => total + (gap.kind === "late" ? gap.bars : 0), 0),
              )} are not there yet`);
findingTable.onRows = rows =>
    (byId("findings-count").textContent = !findings
        ? ""
        : rows.length === report.findingCount
          ? count(rows.length, "finding")
          : `${counts.format(rows.length)} of ${count(report.findingCount, "finding")}`);

function openStream(stream) {
    const dialog = byId("stream");
    const fact = (name, value) => make("div", {}, make("dt", {}, name), make("dd", {}, value));
    byId("stream-title").textContent = `${stream.node} ${stream.interval.text}`;
    byId("stream-facts").replaceChildren(
        fact("Complete", percentText(stream.complete)),
        fact("Bars", counts.format(stream.bars)),
        fact("Missing", stream.missing ? `${counts.format(stream.missing)} in ${count(stream.gapCount, "gap")}` : "0"),
        fact("Known not to exist", counts.format(stream.empty)),
        fact("First bar", stream.stored ? timeText(stream.stored[0]) : "none"),
        fact("Last bar", stream.stored ? timeText(stream.stored[1]) : "none"),
        fact("Freshness", freshText(stream)),
        ...(findings ? [fact("Findings", counts.format(stream.findings))] : []),
    );
    if (!dialog.open) dialog.showModal();
    drawChart(stream);
    const own = stream.gaps.map(gap => ({ stream, ...gap }));
    byId("stream-gaps").replaceChildren();
    if (own.length)
        new LongTable(byId("stream-gaps"), {
            label: `Gaps of ${stream.node} ${stream.interval.text}`,
            rows: own,
            words: gapWords,
            empty: "",
            columns: gapColumns,
        });
}

function buttons(host, ...named) {
    byId(host).replaceChildren(
        ...named.map(([text, label, onclick]) => make("button", { type: "button", "aria-label": label, title: label, onclick }, text)),
    );
}

function connect() {
    const filterStreams = () => {
        const test = { missing: row => row.missing > 0, behind: row => row.late, findings: row => row.findings > 0 }[
            byId("streams-kind").value
        ];
        streamTable.filter(byId("streams-filter").value, test);
    };
    const filterGaps = () => gapTable.filter(byId("gaps-filter").value, gap => gap.bars >= (byId("gaps-least").valueAsNumber || 1));
    byId("streams-filter").oninput = byId("streams-kind").onchange = filterStreams;
    byId("gaps-filter").oninput = byId("gaps-least").oninput = filterGaps;
    byId("findings-filter").oninput = () => findingTable.filter(byId("findings-filter").value);
    if (!findings) byId("streams-kind").querySelector("[value=findings]").remove();
    byId("findings-filter").hidden = !findings?.length;

    const last = seconds => () => show(view.all[1] - seconds, view.all[1]);
    buttons(
        "spans",
        ["1d", "1d: the last day", last(86400)],
        ["1w", "1w: the last week", last(604800)],
        ["1m", "1m: the last 30 days", last(2592000)],
        ["1y", "1y: the last year", last(31557600)],
        ["All", "All of the time", () => show(...view.all)],
    );
    buttons(
        "zoom",
        ["‹", "Earlier", () => pan(-0.5)],
        ["−", "Zoom out", () => zoom(2)],
        ["+", "Zoom in", () => zoom(0.5)],
        ["›", "Later", () => pan(0.5)],
    );
    byId("streams-table").prepend(make("p", { id: "shown", className: "unseen", role: "status" }));
    followPointer(streamTable.scroller);

    byId("stream-close").onclick = () => byId("stream").close();
    byId("stream").addEventListener("click", event => event.target === byId("stream") && byId("stream").close());
    byId("chart").addEventListener("keydown", chartKey);

    const redraw = () => {
        readColours();
        drawAxis(axis);
        drawTimelines();
        chart?.redraw(false);
    };
    const setTheme = value => {
        document.documentElement.style.colorScheme = value;
        redraw();
    };
    byId("theme").addEventListener("change", event => {
        setTheme(event.target.value);
        try {
            localStorage.setItem("qmtl-theme", event.target.value);
        } catch {
            /* A page without storage forgets it. */
        }
    });
    let kept = "";
    try {
        kept = localStorage.getItem("qmtl-theme") ?? "";
    } catch {
        /* As above. */
    }
    for (const radio of document.querySelectorAll("#theme input")) radio.checked = radio.value === kept;
    setTheme(kept);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    addEventListener("resize", () => {
        for (const table of [streamTable, gapTable, findingTable]) table.measure();
        drawAxis(axis);
        if (byId("stream").open) chart?.resize();
    });
    for (const [name, on] of [
        ["beforeprint", true],
        ["afterprint", false],
    ]) {
        addEventListener(name, () => {
            for (const table of [streamTable, gapTable, findingTable]) table.print(on);
            redraw();
        });
    }
}

function noteBounds() {
    const merged = streams.filter(stream => stream.gaps.some(gap => gap.pieces > 1)).length;
    byId("notes").textContent = [
        "This page is whole: it loads nothing, and what it shows is what was there when it was made. Its size is bounded:",
        merged
            ? `of ${count(merged, "stream")} with very many gaps, those that lie close together are shown as one (the numbers are exact);`
            : "very many gaps of a stream would be shown in groups;",
        "candles draw bars together, and where there are very many bars they show the last ones.",
    ].join(" ");
}

readColours();
fillTotals();
connect();
noteBounds();
streamTable.filter("");
gapTable.sortBy(columnsOf.bars);
findingTable.filter("");
show(...view.all);
document.documentElement.dataset.ready = Math.round(performance.now());
