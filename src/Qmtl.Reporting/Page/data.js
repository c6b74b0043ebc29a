"use strict";

// What the page holds: decoded from two blocks of data, of which the larger (candles) is read a line at a time, when it is looked at.
const byId = id => document.getElementById(id);
const report = JSON.parse(byId("data").textContent);
const intervals = report.intervals.map(([text, seconds]) => ({ text, seconds }));
const candleLines = byId("candles").textContent;

const streams = report.streams.map(
    ([node, interval, range, stored, bars, missing, gapCount, gaps, behind, , tail, empty, , empties, late], index) => ({
        index,
        node,
        interval: intervals[interval],
        range,
        stored,
        bars,
        missing,
        gapCount,
        behind,
        empty,
        late,
        findings: 0,
        gaps: [...rangesOf(gaps, "missing"), ...rangesOf(tail, "late")],
        empties: rangesOf(empties),
        expected: bars + missing,
        get complete() {
            return this.expected ? 1 - this.missing / this.expected : this.behind ? 0 : 1;
        },
    }),
);

const gaps = streams.flatMap(stream => stream.gaps.map(gap => ({ stream, ...gap })));
const findings = report.findings?.map(([stream, rule, start, end, text]) => {
    streams[stream].findings++;
    return { stream: streams[stream], rule, start, end, text };
});

// Three entries a range: seconds since the end of the one before, from the first open to the last, bars (or [bars, ranges shown as one]).
function rangesOf(flat, kind) {
    const ranges = [];
    for (let i = 0, time = 0; i < flat.length; i += 3) {
        const start = time + flat[i];
        time = start + flat[i + 1];
        const [bars, pieces] = Array.isArray(flat[i + 2]) ? flat[i + 2] : [flat[i + 2], 1];
        ranges.push({ start, end: time, bars, pieces, kind });
    }
    return ranges;
}

function candlesOf(stream) {
    let from = 0;
    for (let i = 0; i < stream.index && from >= 0; i++) from = candleLines.indexOf("\n", from) + 1 || -1;
    const line = from < 0 ? "" : candleLines.slice(from, candleLines.indexOf("\n", from));
    if (!line) return null;
    const coded = JSON.parse(line),
        scale = 10 ** coded.decimals,
        count = coded.prices.length / 4;
    const times = new Array(count),
        open = new Array(count),
        high = new Array(count),
        low = new Array(count),
        close = new Array(count);
    const breaks = new Map();
    for (let i = 0; i < coded.times.length; i += 2) breaks.set(coded.times[i], coded.times[i + 1]);
    for (let i = 0, before = 0; i < count; i++) {
        const [o, h, l, c] = coded.prices.slice(4 * i, 4 * i + 4),
            first = before + o,
            last = first + c;
        times[i] = breaks.get(i) ?? times[i - 1] + coded.seconds;
        open[i] = first / scale;
        high[i] = (Math.max(first, last) + h) / scale;
        low[i] = (Math.min(first, last) - l) / scale;
        close[i] = last / scale;
        before = last;
    }
    return { ...coded, times, open, high, low, close };
}

// Words and numbers.
const counts = new Intl.NumberFormat("en-US");
const few = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1, notation: "compact" });
const count = (n, one, many = one + "s") => `${counts.format(n)} ${n === 1 ? one : many}`;

function timeText(seconds, { seconds: fine = false } = {}) {
    const iso = new Date(seconds * 1000).toISOString();
    return `${iso.slice(0, 10)} ${fine || seconds % 60 ? iso.slice(11, 19) : iso.slice(11, 16)}`;
}

function spanText(seconds) {
    for (const [unit, size] of [
        ["y", 31557600],
        ["d", 86400],
        ["h", 3600],
        ["min", 60],
    ]) {
        if (seconds >= 2 * size || (unit !== "y" && seconds >= size)) {
            const whole = seconds / size;
            return `${whole >= 10 || Number.isInteger(whole) ? Math.round(whole) : whole.toFixed(1)} ${unit}`;
        }
    }
    return `${Math.round(seconds)} s`;
}

// Never 100 % where something is missing.
function percentText(share) {
    const percent = share * 100;
    return share === 1 ? "100 %" : `${Math.min(99.99, Math.floor(percent * 100) / 100).toFixed(2)} %`;
}

function freshText(stream) {
    if (!stream.stored) return "no bar";
    return stream.behind ? `${spanText(stream.behind * stream.interval.seconds)} behind` : "current";
}

// Text from outside only ever becomes text.
function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
        if (name in element && !name.startsWith("aria")) element[name] = value;
        else if (value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children.filter(child => child !== null && child !== undefined));
    return element;
}
