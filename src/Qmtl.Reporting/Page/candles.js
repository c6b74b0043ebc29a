"use strict";

// The chart of one stream, on uPlot: true to time, so that a hole is as wide as it is.
let chart = null;

function drawCandles(u) {
    const {
            ctx,
            data: [times, , open, high, low, close],
        } = u,
        { left, width } = u.bbox;
    const [first, last] = [u.valToIdx(u.scales.x.min), u.valToIdx(u.scales.x.max)];
    const pixel = window.devicePixelRatio || 1;
    const body = Math.max(
        pixel,
        Math.min(14 * pixel, 0.7 * (u.valToPos(times[0] + u.seconds, "x", true) - u.valToPos(times[0], "x", true))),
    );
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, u.bbox.top, width, u.bbox.height);
    ctx.clip();
    for (let i = first; i <= last; i++) {
        const x = u.valToPos(times[i] + u.seconds / 2, "x", true),
            y = value => u.valToPos(value, "y", true);
        const top = y(Math.max(open[i], close[i])),
            bottom = y(Math.min(open[i], close[i]));
        ctx.fillStyle = close[i] >= open[i] ? colours.up : colours.down;
        ctx.fillRect(Math.round(x - pixel / 2), y(high[i]), pixel, y(low[i]) - y(high[i]));
        ctx.fillRect(x - body / 2, top, body, Math.max(pixel, bottom - top));
    }
    ctx.restore();
}

// Under the candles: what is missing, and how much was traded.
function drawUnder(u, stream, volumes) {
    const { ctx } = u,
        { left, top, width, height } = u.bbox,
        pixel = window.devicePixelRatio || 1;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    ctx.fillStyle = colours.hole;
    for (const run of runsOf(stream.gaps, stream.interval.seconds, ((u.scales.x.max - u.scales.x.min) / width) * pixel)) {
        const from = u.valToPos(run.start, "x", true),
            to = u.valToPos(run.end, "x", true);
        if (to >= left && from <= left + width) ctx.fillRect(from, top, to - from, height);
    }
    const [first, last] = [u.valToIdx(u.scales.x.min), u.valToIdx(u.scales.x.max)];
    if (volumes) {
        let most = 0;
        for (let i = first; i <= last; i++) most = Math.max(most, volumes[i]);
        const wide = Math.max(pixel, 0.7 * (u.valToPos(u.data[0][0] + u.seconds, "x", true) - u.valToPos(u.data[0][0], "x", true)));
        ctx.fillStyle = colours.empty;
        for (let i = first; i <= last && most > 0; i++) {
            const tall = (volumes[i] / most) * 0.18 * height;
            ctx.fillRect(u.valToPos(u.data[0][i] + u.seconds / 2, "x", true) - wide / 2, top + height - tall, wide, tall);
        }
    }
    ctx.restore();
}

function priceText(value, decimals) {
    return value.toLocaleString("en-US", { minimumFractionDigits: Math.min(decimals, 8), maximumFractionDigits: decimals });
}

function candleText(coded, i) {
    const price = value => priceText(value, coded.decimals);
    const volume = coded.volumes ? `  volume ${few.format(coded.volumes[i])}` : "";
    const values = coded.candles
        ? `open ${price(coded.open[i])}  high ${price(coded.high[i])}  low ${price(coded.low[i])}  close ${price(coded.close[i])}`
        : `${coded.column} ${price(coded.close[i])}`;
    return `${timeText(coded.times[i])}  ${values}${volume}`;
}

function drawChart(stream) {
    const host = byId("chart"),
        coded = candlesOf(stream);
    chart?.destroy();
    chart = null;
    byId("chart-at").textContent = byId("chart-note").textContent = "";
    host.hidden = !coded?.times.length;
    if (host.hidden) {
        byId("chart-note").textContent = coded || stream.bars === 0 ? "There is nothing to draw." : "This report was made without candles.";
        return;
    }

    const size = () => ({ width: host.clientWidth, height: Math.max(220, Math.min(420, innerHeight * 0.45)) });
    const axis = {
        stroke: () => colours.quiet,
        grid: { stroke: () => colours.line, width: 1 },
        ticks: { show: false },
        font: "11px system-ui, sans-serif",
    };
    const options = {
        ...size(),
        tzDate: seconds => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
        legend: { show: false },
        cursor: { points: { show: false }, drag: { x: true, y: false } },
        scales: {
            x: {
                time: true,
                range: (u, from, to) => (coded.times.length > 1 ? [from, to] : [coded.times[0], coded.times[0] + coded.seconds]),
            },
            y: {
                range: u => {
                    const [first, last] = [u.valToIdx(u.scales.x.min ?? coded.times[0]), u.valToIdx(u.scales.x.max ?? coded.times.at(-1))];
                    let [low, high] = [Infinity, -Infinity];
                    for (let i = first; i <= last; i++) [low, high] = [Math.min(low, coded.low[i]), Math.max(high, coded.high[i])];
                    const room = (high - low || Math.abs(high) || 1) * 0.05;
                    return [low - room * (coded.volumes ? 5 : 1), high + room];
                },
            },
        },
        axes: [
            { ...axis, space: 80, size: 30, values: (u, times) => times.map(time => axisText(time, times)) },
            {
                ...axis,
                side: 1,
                size: 70,
                values: (u, values) =>
                    values.map(value =>
                        priceText(value, Math.min(coded.decimals, 8))
                            .replace(/(\.\d*?)0+$/, "$1")
                            .replace(/\.$/, ""),
                    ),
            },
        ],
        series: [
            {},
            coded.candles
                ? { paths: () => null, points: { show: false } }
                : { stroke: () => colours.accent, width: 1.5, points: { show: coded.times.length === 1 } },
            ...Array.from({ length: 4 }, () => ({ paths: () => null, points: { show: false } })),
        ],
        hooks: {
            drawAxes: [u => drawUnder(u, stream, coded.volumes)],
            draw: coded.candles ? [drawCandles] : [],
            setCursor: [u => (byId("chart-at").textContent = u.cursor.idx == null ? hint : candleText(coded, u.cursor.idx))],
        },
    };
    const made =
        coded.seconds === stream.interval.seconds
            ? `each is one bar (${coded.width})`
            : `each is ${coded.width}, made of bars of ${stream.interval.text}`;
    const hint = `${coded.candles ? "Candles" : `The column ${coded.column}`}: ${made}. Drag to zoom, double-click for all; arrows and + − on the keyboard.`;
    byId("chart-note").textContent =
        coded.bars < stream.bars
            ? `The last ${counts.format(coded.bars)} of ${counts.format(stream.bars)} bars, so that the page stays small.`
            : "";
    host.setAttribute(
        "aria-label",
        `Chart of ${stream.node} ${stream.interval.text}: ${count(coded.times.length, "candle")}. Arrow keys read them one by one.`,
    );
    const u = { ...options };
    chart = new uPlot(
        { ...u, hooks: { ...u.hooks, init: [self => (self.seconds = coded.seconds)] } },
        [coded.times, coded.close, coded.open, coded.high, coded.low, coded.close],
        host,
    );
    byId("chart-at").textContent = hint;
    chart.resize = () => chart.setSize(size());
    chart.coded = coded;
}

function axisText(time, times) {
    const step = times.length > 1 ? times[1] - times[0] : 0;
    return step >= 86400 * 27 ? timeText(time).slice(0, 7) : step >= 86400 ? timeText(time).slice(0, 10) : clock(time);
}

function chartKey(event) {
    if (!chart) return;
    const { times } = chart.coded,
        { min, max } = chart.scales.x,
        at = chart.cursor.idx;
    const scale = (from, to) => chart.setScale("x", { min: Math.max(times[0], from), max: Math.min(times.at(-1) + chart.seconds, to) });
    const to = {
        ArrowRight: at == null ? chart.valToIdx(min) : at + 1,
        ArrowLeft: at == null ? chart.valToIdx(max) : at - 1,
        Home: 0,
        End: times.length - 1,
    }[event.key];
    const middle = (min + max) / 2,
        half = (max - min) / 2;
    if (to !== undefined) {
        const i = Math.max(0, Math.min(times.length - 1, to));
        if (times[i] < min || times[i] > max) scale(times[i] - half, times[i] + half);
        chart.setCursor({ left: chart.valToPos(times[i], "x"), top: chart.valToPos(chart.coded.close[i], "y") });
    } else if (event.key === "+" || event.key === "=") scale(middle - half / 2, middle + half / 2);
    else if (event.key === "-") scale(middle - half * 2, middle + half * 2);
    else if (event.key === "0") scale(times[0], times.at(-1) + chart.seconds);
    else return;
    event.preventDefault();
}
