"use strict";

// A table of any number of rows, of which only those in sight are in the document. It sorts by a click on a column's name and filters by
// words; the arrow keys go from row to row. On paper it has its first rows, and says of how many.
class LongTable {
    static paperRows = 300;

    // columns: { name, text(row), sort(row)?, kind?: "number"|"open"|"timeline"|"main", first?: "descending", cell?(row): Element, width? }
    constructor(host, { label, rows, columns, onOpen, onKey, onDraw, words, empty }) {
        Object.assign(this, {
            host,
            label,
            all: rows,
            columns,
            onOpen,
            onKey,
            onDraw,
            words,
            emptyText: empty,
            current: 0,
            test: () => true,
        });
        this.rows = rows;
        this.head = make("tr", { role: "row" });
        this.body = make("tbody", { role: "rowgroup" });
        this.table = make("table", { role: "table", "aria-label": label }, make("thead", { role: "rowgroup" }, this.head), this.body);
        this.scroller = make("div", { className: "scroll", tabIndex: 0, role: "group", "aria-label": label }, this.table);
        this.heads = columns.map(column => this.headOf(column));
        this.head.append(...this.heads);
        this.paper = make("p", { className: "paper" });
        host.replaceChildren(this.scroller, this.paper);
        this.scroller.addEventListener("scroll", () => this.render(), { passive: true });
        this.body.addEventListener("keydown", event => this.key(event));
        this.body.addEventListener("click", event => {
            const row = event.target.closest("tr[data-row]");
            if (row && this.onOpen && (event.target.closest("button") || !event.target.closest("canvas")))
                this.onOpen(this.rows[row.dataset.row]);
        });
        new ResizeObserver(() => this.measure()).observe(this.scroller);
        this.measure();
    }

    headOf(column) {
        const cell = make("th", { role: "columnheader", scope: "col", className: column.kind ?? "" });
        if (column.head) return (cell.append(column.head), cell);
        if (!column.sort && !column.text) return (cell.append(column.name), cell);
        const button = make("button", { type: "button", className: "sort", onclick: () => this.sortBy(column) }, column.name);
        cell.append(button);
        return cell;
    }

    sortBy(column, direction) {
        const other = { ascending: "descending", descending: "ascending" };
        direction ??= this.sorted === column ? other[this.direction] : (column.first ?? "ascending");
        [this.sorted, this.direction] = [column, direction];
        this.columns.forEach((each, i) => {
            if (each === column) this.heads[i].setAttribute("aria-sort", direction);
            else this.heads[i].removeAttribute("aria-sort");
        });
        this.refresh();
    }

    filter(text, test = () => true) {
        this.test = test;
        this.needles = text.toLowerCase().split(/\s+/).filter(Boolean);
        this.refresh();
    }

    refresh() {
        const needles = this.needles ?? [];
        const rows = this.all.filter(row => {
            if (!this.test(row)) return false;
            if (!needles.length) return true;
            const text = (row.words ??= this.words(row).toLowerCase());
            return needles.every(needle => text.includes(needle));
        });
        if (this.sorted) {
            const key = this.sorted.sort ?? this.sorted.text,
                sign = this.direction === "descending" ? -1 : 1;
            const keys = new Map(rows.map(row => [row, key(row)]));
            const order = (a, b) => (typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b);
            rows.sort((a, b) => sign * order(keys.get(a), keys.get(b)));
        }
        this.rows = rows;
        this.current = 0;
        this.scroller.scrollTop = 0;
        this.render(true);
        this.onRows?.(rows);
    }

    // The heights are the style sheet's; which they are depends on the width of the window.
    measure() {
        this.rowHeight = parseFloat(getComputedStyle(this.host).getPropertyValue("--row")) || 30;
        this.render(true);
    }

    render(anew = false) {
        const height = this.scroller.clientHeight || 600,
            total = this.rows.length;
        const first = this.onPaper ? 0 : Math.max(0, Math.floor(this.scroller.scrollTop / this.rowHeight) - 6);
        const last = this.onPaper ? Math.min(total, LongTable.paperRows) : Math.min(total, first + Math.ceil(height / this.rowHeight) + 14);
        if (!anew && first === this.first && last === this.last) return;
        [this.first, this.last] = [first, last];
        const focused = this.body.contains(document.activeElement) ? document.activeElement.closest("tr")?.dataset.row : undefined;
        this.table.setAttribute("aria-rowcount", total + 1);
        const rows = [];
        for (let i = first; i < last; i++) rows.push(this.rowOf(i));
        const space = pixels => {
            const row = make("tr", { className: "space", "aria-hidden": "true" });
            row.style.height = `${pixels}px`;
            return row;
        };
        if (total === 0)
            rows.push(
                make("tr", { role: "row" }, make("td", { role: "cell", colSpan: this.columns.length, className: "none" }, this.emptyText)),
            );
        this.body.replaceChildren(
            ...(first > 0 ? [space(first * this.rowHeight)] : []),
            ...rows,
            ...(last < total && !this.onPaper ? [space((total - last) * this.rowHeight)] : []),
        );
        this.onDraw?.();
        if (focused !== undefined) this.body.querySelector(`tr[data-row="${focused}"] button`)?.focus({ preventScroll: true });
        this.scroller.tabIndex = this.onOpen && total > 0 ? -1 : 0;
        this.paper.textContent = total > LongTable.paperRows ? `The first ${LongTable.paperRows} of ${counts.format(total)} on paper.` : "";
    }

    rowOf(i) {
        const row = this.rows[i];
        const line = make("tr", { role: "row", "aria-rowindex": i + 2 });
        line.dataset.row = i;
        for (const column of this.columns) {
            const cell = make("td", { role: "cell", className: column.kind ?? "" });
            if (column.tone) cell.classList.add(column.tone(row) || "plain");
            if (column.kind === "open") {
                const button = make("button", {
                    type: "button",
                    className: "link",
                    title: column.text(row),
                    tabIndex: i === this.current ? 0 : -1,
                });
                cell.append((button.append(column.text(row)), button));
            } else if (column.cell) cell.append(column.cell(row));
            else {
                cell.textContent = column.text(row);
                if (column.kind === "main") cell.title = cell.textContent;
            }
            line.append(cell);
        }
        return line;
    }

    key(event) {
        const row = event.target.closest("tr[data-row]");
        if (!row || !this.onOpen) return;
        const at = Number(row.dataset.row),
            page = Math.max(1, Math.floor(this.scroller.clientHeight / this.rowHeight) - 2);
        const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: this.rows.length - 1 }[
            event.key
        ];
        if (to === undefined) {
            if (this.onKey?.(event)) event.preventDefault();
            return;
        }
        event.preventDefault();
        this.current = Math.min(this.rows.length - 1, Math.max(0, to));
        const top = this.current * this.rowHeight,
            head = this.head.offsetHeight;
        if (top < this.scroller.scrollTop) this.scroller.scrollTop = top;
        else if (top + this.rowHeight + head > this.scroller.scrollTop + this.scroller.clientHeight) {
            this.scroller.scrollTop = top + this.rowHeight + head - this.scroller.clientHeight;
        }
        this.render(true);
        this.body.querySelector(`tr[data-row="${this.current}"] button`)?.focus({ preventScroll: true });
    }

    print(on) {
        this.onPaper = on;
        this.render(true);
    }
}
