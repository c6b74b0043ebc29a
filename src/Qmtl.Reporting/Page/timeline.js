"use strict";

// Timelines: one canvas a row, all of the same time. What is missing is never narrower than a pixel, so that a single bar is seen.
// They end where the newest bar of all does: what is not there yet of streams that all stopped long ago would leave no room for the rest.
const ends = stream => stream.range && [stream.range[0], stream.range[1] + stream.interval.seconds];
const view = {
    all: streams
        .filter(stream => stream.stored)
        .reduce(
            ([from, to], { range, stored, interval }) => [Math.min(from, range[0]), Math.max(to, stored[1] + interval.seconds)],
            [Infinity, -Infinity],
        ),
};
if (view.all[0] > view.all[1]) view.all = [report.now - 86400, report.now];
[view.from, view.to] = view.all;

let colours = {};
function readColours() {
    const probe = document.body.appendChild(make("i"));
    for (const name of ["stored", "missing", "partly", "late", "empty", "ink", "quiet", "line", "up", "down", "hole", "accent"]) {
        probe.style.color = `var(--${name})`;
        colours[name] = getComputedStyle(probe).color;
    }
    probe.remove();
}

// A canvas's context in CSS pixels, sharp on any screen.
function sharp(canvas) {
    const box = canvas.getBoundingClientRect(),
        ratio = window.devicePixelRatio || 1;
    canvas.width = Math.max(1, Math.round(box.width * ratio));
    canvas.height = Math.max(1, Math.round(box.height * ratio));
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    return { context, width: box.width, height: box.height };
}

const xOf = (time, width) => ((time - view.from) / (view.to - view.from)) * width;
const timeAt = (x, width) => view.from + (x / width) * (view.to - view.from);

function timelineOf(stream) {
    const canvas = make("canvas", { className: "line", role: "img", "aria-label": wordsOf(stream) });
    canvas.stream = stream;
    return canvas;
}

function wordsOf(stream) {
    if (!stream.range) return "nothing to look at";
    return `${percentText(stream.complete)} complete from ${timeText(stream.range[0])} to ${timeText(stream.range[1])}, ${count(stream.gapCount, "gap")}`;
}

function drawTimeline(canvas) {
    const { context, width, height } = sharp(canvas),
        { stream } = canvas;
    if (!stream.range) return;
    const fill = (colour, from, to, least) => {
        const left = Math.max(0, xOf(from, width)),
            right = Math.min(width, Math.max(xOf(to, width), xOf(from, width) + least));
        if (right > left) {
            context.fillStyle = colour;
            context.fillRect(left, 0, right - left, height);
        }
    };
    const [from, to] = ends(stream),
        length = stream.interval.seconds;
    fill(colours.stored, from, to, 1);
    for (const range of stream.empties) fill(colours.empty, range.start, range.end + length, 1);
    const time = (view.to - view.from) / width;
    for (const run of runsOf(stream.gaps, length, 1.5 * time)) {
        if (run.end >= view.from && run.start <= view.to) {
            fill(
                run.kind === "late"
                    ? colours.late
                    : run.pieces > 1 && run.missing < 0.8 * (run.end - run.start)
                      ? colours.partly
                      : colours.missing,
                run.start,
                run.end,
                1.5,
            );
        }
    }
}

// Gaps that touch each other where each is drawn at least so long: one by one they would hide what is stored between them.
function runsOf(gaps, length, least) {
    const runs = [];
    for (const gap of gaps) {
        const last = runs.at(-1),
            end = Math.max(gap.end + length, gap.start + least),
            missing = gap.bars * length;
        if (last && last.kind === gap.kind && gap.start <= last.end) {
            Object.assign(last, { end: Math.max(last.end, end), pieces: last.pieces + gap.pieces, missing: last.missing + missing });
        } else runs.push({ start: gap.start, end, pieces: gap.pieces, missing, kind: gap.kind });
    }
    return runs;
}

function drawTimelines() {
    for (const canvas of document.querySelectorAll("canvas.line")) drawTimeline(canvas);
}

// Times to write at an axis: whole units, as many as there is room for.
function ticksOf(from, to, most) {
    const steps = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10800, 21600, 43200, 86400, 172800, 604800];
    const step = steps.find(each => (to - from) / each <= most);
    if (step) {
        const first = Math.ceil((from - 345600) / step) * step + 345600,
            ticks = [];
        for (let time = first; time <= to; time += step) ticks.push([time, step >= 86400 ? timeText(time).slice(0, 10) : clock(time)]);
        return ticks;
    }
    for (const months of [1, 3, 6, 12, 24, 60, 120, 240]) {
        const ticks = [],
            date = new Date(from * 1000);
        let month = Math.ceil((date.getUTCFullYear() * 12 + date.getUTCMonth() + 1) / months) * months;
        for (let time; (time = Date.UTC(Math.floor(month / 12), month % 12) / 1000) <= to; month += months) {
            ticks.push([time, timeText(time).slice(0, months >= 12 ? 4 : 7)]);
        }
        if (ticks.length <= most) return ticks;
    }
    return [];
}

const clock = time => (time % 86400 ? timeText(time).slice(11) : timeText(time).slice(5, 10));

function drawAxis(canvas) {
    const { context, width, height } = sharp(canvas);
    context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    context.fillStyle = colours.quiet;
    context.textBaseline = "middle";
    for (const [time, text] of ticksOf(view.from, view.to, Math.max(2, Math.floor(width / 90)))) {
        const x = xOf(time, width);
        context.fillRect(Math.round(x), height - 5, 1, 5);
        if (x + 4 + context.measureText(text).width < width) context.fillText(text, x + 4, height / 2 + 1);
    }
}

function show(from, to) {
    const [first, last] = view.all,
        least = 10 * Math.min(...intervals.map(each => each.seconds), last - first);
    const length = Math.min(last - first, Math.max(least, to - from));
    view.from = Math.min(Math.max(first, from), last - length);
    view.to = view.from + length;
    drawAxis(axis);
    drawTimelines();
    byId("shown").textContent = `${timeText(view.from)} to ${timeText(view.to)}`;
}

function zoom(factor, at = (view.from + view.to) / 2) {
    show(at - (at - view.from) * factor, at + (view.to - at) * factor);
}

const pan = share => show(view.from + share * (view.to - view.from), view.to + share * (view.to - view.from));

function zoomKey(event) {
    const does = {
        "+": () => zoom(0.5),
        "=": () => zoom(0.5),
        "-": () => zoom(2),
        0: () => show(...view.all),
        ArrowLeft: () => pan(-0.25),
        ArrowRight: () => pan(0.25),
    }[event.key];
    does?.();
    return Boolean(does);
}

// What a timeline says of the time under the pointer.
function stateAt(stream, time) {
    const length = stream.interval.seconds,
        [from, to] = ends(stream) ?? [];
    if (from === undefined || time < from || time >= to) return time < from ? "before its first bar" : "after its last bar";
    const near = (1.5 * (view.to - view.from)) / 600;
    const said = (range, what) =>
        `${timeText(range.start)} to ${timeText(range.end)}: ${
            range.pieces > 1
                ? `${count(range.bars, "bar")} ${what} in ${count(range.pieces, "gap")}`
                : `${count(range.bars, "bar")} ${what}`
        }`;
    const find = (ranges, least) => ranges.find(range => time >= range.start && time < Math.max(range.end + length, range.start + least));
    const gap = find(stream.gaps, 0),
        none = gap ? null : find(stream.empties, 0),
        close = gap || none ? null : find(stream.gaps, near);
    if (close) return said(close, close.kind === "late" ? "not there yet" : "missing");
    return gap ? said(gap, gap.kind === "late" ? "not there yet" : "missing") : none ? said(none, "known not to exist") : "stored";
}

function tip(text, event) {
    const box = byId("tip");
    box.hidden = !text;
    if (!text) return;
    box.replaceChildren(...text.map((line, i) => make(i ? "div" : "b", {}, line)));
    const { width, height } = box.getBoundingClientRect();
    box.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 8))}px`;
    box.style.top = `${event.clientY + 18 + height > innerHeight ? event.clientY - height - 10 : event.clientY + 18}px`;
}

// The pointer on timelines: what is there, a line through all rows, and dragging: a mouse marks what to zoom to, a finger moves the time.
function followPointer(scroller) {
    const cross = scroller.appendChild(make("div", { className: "cross", hidden: true }));
    let drag = null;
    const xIn = (event, canvas) => event.clientX - canvas.getBoundingClientRect().left;
    const place = (left, width, marked) => {
        cross.hidden = false;
        cross.classList.toggle("marked", marked);
        cross.style.left = `${left - scroller.getBoundingClientRect().left}px`;
        cross.style.width = `${width}px`;
        cross.style.height = `${scroller.scrollHeight}px`;
    };
    const leave = () => {
        cross.hidden = true;
        tip(null);
    };
    scroller.addEventListener("pointerdown", event => {
        const canvas = event.target.closest("canvas");
        if (!canvas || event.button) return;
        drag = { canvas, x: event.clientX, from: view.from, to: view.to, moved: false };
        canvas.setPointerCapture(event.pointerId);
    });
    scroller.addEventListener("pointermove", event => {
        const canvas = drag?.canvas ?? event.target.closest("canvas");
        if (!canvas) return leave();
        const { width } = canvas.getBoundingClientRect(),
            x = xIn(event, canvas);
        if (drag && Math.abs(event.clientX - drag.x) > 4) drag.moved = true;
        if (drag?.moved && (event.pointerType === "touch" || event.shiftKey)) {
            const moved = ((drag.x - event.clientX) / width) * (drag.to - drag.from);
            return show(drag.from + moved, drag.to + moved);
        }
        if (drag?.moved) place(Math.min(event.clientX, drag.x), Math.abs(event.clientX - drag.x), true);
        else place(event.clientX, 1, false);
        const time = timeAt(x, width),
            { stream } = canvas;
        tip(
            stream
                ? [
                      `${stream.node} ${stream.interval.text}`,
                      timeText(stream.interval.seconds < 86400 ? Math.floor(time / 60) * 60 : time),
                      stateAt(stream, time),
                  ]
                : [timeText(Math.floor(time / 60) * 60)],
            event,
        );
    });
    scroller.addEventListener("pointerup", event => {
        if (!drag) return;
        cross.hidden = true;
        const { canvas, x, moved } = drag,
            { left, width } = canvas.getBoundingClientRect();
        drag = null;
        if (moved && event.pointerType !== "touch" && !event.shiftKey) {
            show(timeAt(Math.min(x, event.clientX) - left, width), timeAt(Math.max(x, event.clientX) - left, width));
        } else if (!moved && canvas.stream) openStream(canvas.stream);
    });
    scroller.addEventListener("pointercancel", () => (drag = null));
    scroller.addEventListener("pointerleave", leave);
    scroller.addEventListener("scroll", leave, { passive: true });
    scroller.addEventListener("dblclick", event => event.target.closest("canvas") && show(...view.all));
    scroller.addEventListener(
        "wheel",
        event => {
            const canvas = event.target.closest("canvas");
            if (!canvas || !(event.ctrlKey || event.shiftKey)) return;
            event.preventDefault();
            if (event.ctrlKey) zoom(event.deltaY > 0 ? 1.25 : 0.8, timeAt(xIn(event, canvas), canvas.getBoundingClientRect().width));
            else pan(Math.sign(event.deltaY || event.deltaX) * 0.1);
        },
        { passive: false },
    );
}
