// Plots of results, as SVG: node plot.mjs RESULTS FOLDER
//
// RESULTS is what run.sh or the program e2e/growth has written, a JSON object a
// line; which of the two is told by the first. Medians of rounds are shown.
import fs from "node:fs";
import path from "node:path";

const [, , results, folder] = process.argv;
if (!folder) {
	console.error("use: node plot.mjs RESULTS FOLDER");
	process.exit(2);
}
const rows = fs.readFileSync(results, "utf8").trim().split("\n").map((line) => JSON.parse(line));

const ink = "#24292f", faint = "#d0d7de";
const colours = { ostiary: "#0969da", go: "#8c959f", ba: "#cf8a2e" };
const palette = ["#0969da", "#cf222e", "#1a7f37", "#8250df", "#bf8700", "#57606a", "#0598bc"];
const escape = (s) => String(s).replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);
const text = (x, y, s, more = "") => `<text x="${x}" y="${y}" ${more}>${escape(s)}</text>`;
const line = (x1, y1, x2, y2, colour) => `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${colour}"/>`;

function save(name, title, width, height, parts) {
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="${ink}">
<title>${escape(title)}</title>
<rect width="${width}" height="${height}" fill="#fff"/>
${parts.join("\n")}
</svg>
`;
	fs.writeFileSync(path.join(folder, name), svg);
}

function median(values) {
	const s = [...values].sort((a, b) => a - b), half = s.length >> 1;
	return s.length % 2 ? s[half] : (s[half - 1] + s[half]) / 2;
}

// medians of some columns by contestant
function contestants(test, columns) {
	const names = [...new Set(rows.filter((r) => r.test === test).map((r) => r.name))];
	return names.map((name) => {
		const of = rows.filter((r) => r.test === test && r.name === name);
		return { name, ...Object.fromEntries(columns.map((c) => [c, median(of.map((r) => r[c]))])) };
	});
}

// bars draws one bar a contestant.
function bars(name, title, list, value, label) {
	const left = 190, width = 720, room = width - left - 130, top = 40, step = 26;
	const most = Math.max(...list.map(value));
	const parts = [text(10, 22, title, 'font-size="14" font-weight="600"')];
	list.forEach((c, i) => {
		const y = top + i * step, w = Math.max(1, (room * value(c)) / most);
		parts.push(text(left - 8, y + 14, c.name, 'text-anchor="end"'));
		parts.push(`<rect x="${left}" y="${y}" width="${w.toFixed(1)}" height="18" rx="2" fill="${colours[c.name.split("-")[0]] ?? "#57606a"}"/>`);
		parts.push(text(left + w + 6, y + 14, label(c)));
	});
	save(name, title, width, top + list.length * step + 10, parts);
}

// spans draws from the median to the 99th percentile of each contestant, on a
// logarithmic scale.
function spans(name, title, list) {
	const left = 190, width = 720, right = width - 60, top = 62, step = 26;
	const low = 0.1, high = 10 ** Math.ceil(Math.log10(Math.max(...list.map((c) => c.p99_ms))));
	const at = (ms) => left + ((right - left) * Math.log10(Math.max(ms, low) / low)) / Math.log10(high / low);
	const bottom = top + list.length * step;
	const parts = [text(10, 22, title, 'font-size="14" font-weight="600"')];
	for (let ms = low; ms <= high * 1.01; ms *= 10) {
		parts.push(line(at(ms), top - 6, at(ms), bottom, faint), text(at(ms), top - 12, `${+ms.toPrecision(1)} ms`, 'text-anchor="middle"'));
	}
	list.forEach((c, i) => {
		const y = top + i * step, colour = colours[c.name.split("-")[0]] ?? "#57606a";
		const from = at(c.p50_ms), to = at(c.p99_ms);
		parts.push(text(left - 8, y + 13, c.name, 'text-anchor="end"'));
		parts.push(`<line x1="${from}" y1="${y + 9}" x2="${to}" y2="${y + 9}" stroke="${colour}" stroke-width="3"/>`);
		parts.push(`<circle cx="${from}" cy="${y + 9}" r="5" fill="${colour}"/>`, `<rect x="${to - 4}" y="${y + 5}" width="8" height="8" fill="${colour}"/>`);
	});
	parts.push(text(left, bottom + 18, "circle: median · square: 99th percentile"));
	save(name, title, width, bottom + 30, parts);
}

// curves draws the medians of operations by the number of sessions, one panel a
// database, on logarithmic scales.
function curves(name, title) {
	const databases = [...new Set(rows.map((r) => r.database))], operations = [...new Set(rows.map((r) => r.operation))];
	const sizes = [...new Set(rows.map((r) => r.sessions))].sort((a, b) => a - b);
	const panel = 330, left = 60, top = 60, tall = 260, width = left + databases.length * (panel + 20);
	const all = rows.map((r) => r.p50_us);
	const low = 10 ** Math.floor(Math.log10(Math.min(...all))), high = 10 ** Math.ceil(Math.log10(Math.max(...all)));
	const y = (us) => top + tall - (tall * Math.log10(us / low)) / Math.log10(high / low);
	const parts = [text(10, 22, title, 'font-size="14" font-weight="600"')];
	databases.forEach((database, d) => {
		const begin = left + d * (panel + 20), inner = panel - 30;
		const x = (n) => begin + (inner * Math.log10(n / sizes[0])) / Math.log10(sizes.at(-1) / sizes[0]);
		parts.push(text(begin, top - 14, database, 'font-weight="600"'));
		for (let us = low; us <= high * 1.01; us *= 10) {
			parts.push(line(begin, y(us), begin + inner, y(us), faint));
			if (d === 0) parts.push(text(begin - 6, y(us) + 4, us < 1000 ? `${us} µs` : `${us / 1000} ms`, 'text-anchor="end"'));
		}
		for (const n of sizes) parts.push(text(x(n), top + tall + 18, n.toLocaleString("en"), 'text-anchor="middle"'));
		operations.forEach((operation, o) => {
			const points = sizes.flatMap((n) => rows.filter((r) => r.database === database && r.operation === operation && r.sessions === n)).map((r) => [x(r.sessions), y(r.p50_us)]);
			parts.push(`<polyline points="${points.map((p) => p.map((v) => v.toFixed(1)).join(",")).join(" ")}" fill="none" stroke="${palette[o % palette.length]}" stroke-width="2"/>`);
			for (const [px, py] of points) parts.push(`<circle cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="3" fill="${palette[o % palette.length]}"/>`);
		});
	});
	operations.forEach((operation, o) => {
		const at = left + (o % 4) * 165, under = top + tall + 42 + Math.floor(o / 4) * 18;
		parts.push(line(at, under - 4, at + 18, under - 4, palette[o % palette.length]), text(at + 24, under, operation));
	});
	save(name, title, width, top + tall + 50 + Math.ceil(operations.length / 4) * 18, parts);
}

if (rows[0].database) {
	curves("growth.svg", "Median time of operations by the number of sessions");
} else {
	const tests = new Set(rows.map((r) => r.test));
	for (const [test, title] of [["session", "Session checks per second"], ["signin", "Sign-ins per second"], ["signup", "Sign-ups per second"]]) {
		if (!tests.has(test)) continue;
		const list = contestants(test, ["rps"]).sort((a, b) => b.rps - a.rps);
		bars(`${test}.svg`, title, list, (c) => c.rps, (c) => (c.rps < 100 ? c.rps.toFixed(1) : Math.round(c.rps).toLocaleString("en")));
	}
	if (tests.has("mixed")) {
		spans("mixed.svg", "Session checks while eight clients sign in: time of an answer", contestants("mixed", ["p50_ms", "p99_ms"]).sort((a, b) => a.p99_ms - b.p99_ms));
	}
}
