// The tree of a delivery in the mapping workbench: drawn as far as it is opened, used by mouse or keyboard.
(() => {
  const CHUNK = 100; // children that are drawn at once
  const FIRST_ROWS = 60; // rows that are opened at the beginning
  const LONGEST = 160; // characters of a value in its row
  const MOST_HITS = 100;

  // A number as it was written: 1.0 is not 1, and long ones keep their digits.
  class Written {
    constructor(text) { this.text = text; }
    toJSON() { return Number(this.text); }
  }
  const reviver = (_key, value, context) =>
    typeof value === "number" && context?.source && context.source !== String(value) ? new Written(context.source) : value;

  const isHolder = (value) => typeof value === "object" && value !== null && !(value instanceof Written);
  const isWord = (text) => text === text.trim();

  // A value as rules compare it: a text as it is, everything else as its JSON.
  function textOf(value) {
    if (typeof value === "string") return value;
    return value instanceof Written ? value.text : write(value);
  }

  function write(value, indent = "") {
    if (value instanceof Written) return value.text;
    if (!isHolder(value)) return JSON.stringify(value);
    const isList = Array.isArray(value);
    const inner = indent + "  ";
    const parts = isList
      ? value.map((held) => inner + write(held, inner))
      : Object.entries(value).map(([key, held]) => `${inner}${JSON.stringify(key)}: ${write(held, inner)}`);
    const [begin, end] = isList ? "[]" : "{}";
    return parts.length ? `${begin}\n${parts.join(",\n")}\n${indent}${end}` : begin + end;
  }

  // The keys that a path follows; null for a header or nothing.
  function keysOf(path) {
    const text = path.trim();
    if (!text || text.toLowerCase().startsWith("@header")) return null;
    if (text === "^") return [];
    return text.replace(/^\^/, "").split(/(?<!\\)\^/).map((key) => key.replaceAll("\\^", "^"));
  }

  // The path of a place as a rule has to write it; null where there is none.
  // through: the keys of the list that the rule goes through, if it does.
  function pathOf(node, through) {
    if (node.header) return `@header^${node.header}`;
    const { keys } = node;
    if (!keys.length) return "^";
    if (keys.some((key, place) => key === "" || (key.endsWith("\\") && place < keys.length - 1))) return null;
    if (!isWord(keys[0]) || !isWord(keys[keys.length - 1])) return null;
    const isInside = through && keys.length > through.length && through.every((key, place) => key === keys[place]);
    const own = isInside ? keys.slice(through.length + 1) : keys;
    if (!own.length) return "@element";
    const isReserved = own[0].toLowerCase() === "@header" || (own.length === 1 && own[0] === "@element");
    if (isInside && isReserved) return null;
    const begin = isReserved || (through && !isInside) ? "^" : "";
    const path = begin + own.map((key) => key.replaceAll("^", "\\^")).join("^");
    return path.length <= 500 ? path : null;
  }

  class Tree {
    // pick(node): a row was chosen.  marks: labels by path, shown on the rows that a rule reads.
    constructor(box, words, pick) {
      Object.assign(this, { box, words, pick, through: null, marks: new Map(), opened: new Set(), current: null });
      box.addEventListener("click", (event) => this.onClick(event));
      box.addEventListener("keydown", (event) => this.onKey(event));
    }

    show(data, headers) {
      this.data = data;
      this.headers = headers;
      this.draw(this.roots());
    }

    // Open what some paths lead to; where there is room, all else, too, the higher levels first.
    reveal(paths) {
      for (const path of paths) {
        const keys = keysOf(path);
        if (!keys) continue;
        const isInside = this.through && !path.startsWith("^");
        this.open(isInside ? [...this.through, "0", ...keys] : keys);
      }
      const queue = [...this.box.children].sort((one, other) => one.node.level - other.node.level);
      for (let row = queue.shift(); row; row = queue.shift()) {
        const hasRoom = row.node.children && this.box.childElementCount + row.node.size <= FIRST_ROWS;
        if (hasRoom && !row.node.isHeaders) queue.push(...this.expand(row));
      }
    }

    // Open one place after the other on the way to some keys, as far as they are there.
    open(keys) {
      let row = this.box.firstElementChild;
      const way = Array.isArray(this.data) ? [this.words.data, ...keys.slice(0, -1)] : keys.slice(0, -1);
      for (const [place, key] of way.entries()) {
        while (row && !(row.node.level === place + 1 && row.node.label === key)) {
          row = row.node.level < place + 1 ? null : row.nextElementSibling;
        }
        if (!row?.node.children) return;
        this.expand(row);
        row = row.nextElementSibling;
      }
    }

    roots() {
      const isList = Array.isArray(this.data);
      const held = isList ? [this.node([], this.words.data, this.data, 1)] : this.childrenOf({ keys: [], value: this.data, level: 0 });
      const names = Object.keys(this.headers);
      if (!names.length) return held;
      const children = () => names.map((name) => ({ header: name, keys: [], label: name, value: this.headers[name], level: 2 }));
      return [...held, { isHeaders: true, keys: [], label: this.words.headers, value: null, level: 1, size: names.length, children }];
    }

    childrenOf(parent) {
      const isList = Array.isArray(parent.value);
      return (isList ? parent.value.map((value, place) => [String(place), value]) : Object.entries(parent.value)).map(
        ([key, value]) => this.node([...parent.keys, key], key, value, parent.level + 1)
      );
    }

    node(keys, label, value, level) {
      const node = { keys, label, value, level };
      if (isHolder(value)) {
        node.size = Array.isArray(value) ? value.length : Object.keys(value).length;
        if (node.size) node.children = () => this.childrenOf(node);
      }
      return node;
    }

    draw(nodes) {
      this.box.replaceChildren(...this.rowsOf(nodes));
      this.makeCurrent(this.box.firstElementChild);
    }

    // The rows of some nodes; the last one offers what is left.
    rowsOf(nodes, begin = 0) {
      const rows = nodes.slice(begin, begin + CHUNK).map((node, place) => this.row(node, begin + place, nodes.length));
      if (nodes.length > begin + CHUNK) {
        const rest = this.row({ label: "", level: nodes[0].level, more: () => this.rowsOf(nodes, begin + CHUNK) }, begin + CHUNK, nodes.length);
        rest.querySelector(".ao-wb-value").textContent = this.words.more.replace("%(count)s", nodes.length - begin - CHUNK);
        rows.push(rest);
      }
      return rows;
    }

    row(node, place, count) {
      const row = document.createElement("div");
      row.node = node;
      row.className = "ao-wb-row";
      row.tabIndex = -1;
      const states = { role: "treeitem", "aria-level": node.level, "aria-posinset": place + 1, "aria-setsize": count };
      for (const [name, value] of Object.entries(states)) row.setAttribute(name, value);
      row.style.setProperty("--level", node.level - 1);
      if (node.children) row.setAttribute("aria-expanded", "false");
      row.append(part("ao-wb-twist", node.children ? "▸" : ""), part("ao-wb-keyname", node.label), ...this.valueOf(node));
      this.mark(row);
      return row;
    }

    valueOf(node) {
      if (node.more) return [part("ao-wb-value ao-link", "")];
      if (node.isHeaders) return [part("ao-wb-value ao-quiet", String(node.size))];
      if (isHolder(node.value)) {
        const word = Array.isArray(node.value) ? this.words.list : this.words.object;
        const single = Array.isArray(node.value) ? this.words.list_of_one : this.words.object_of_one;
        const count = node.size === 1 ? single : word.replace("%(count)s", node.size);
        return [part("ao-wb-value ao-quiet", node.size ? count : this.words.empty)];
      }
      const text = textOf(node.value);
      const shown = text.length > LONGEST ? text.slice(0, LONGEST) + "…" : text;
      return [part(`ao-wb-value ao-wb-is-${node.value === null ? "null" : typeof node.value}`, shown === "" ? "“”" : shown)];
    }

    // Show which fields read a row.
    mark(row) {
      row.querySelector(".ao-wb-uses")?.remove();
      if (row.node.more || row.node.isHeaders) return;
      const path = pathOf(row.node, this.through);
      const labels = path && this.marks.get(row.node.header ? path.toLowerCase() : path);
      if (labels) row.append(part("ao-wb-uses", labels.join(", ")));
    }

    markAll(marks, through) {
      Object.assign(this, { marks, through });
      for (const row of this.box.children) this.mark(row);
    }

    expand(row) {
      if (!row.node.children || row.getAttribute("aria-expanded") === "true") return [];
      row.setAttribute("aria-expanded", "true");
      row.firstElementChild.textContent = "▾";
      const rows = this.rowsOf(row.node.children());
      row.after(...rows);
      return rows.filter((each) => each.node.children);
    }

    collapse(row) {
      if (row.getAttribute("aria-expanded") !== "true") return;
      row.setAttribute("aria-expanded", "false");
      row.firstElementChild.textContent = "▸";
      while (row.nextElementSibling?.node.level > row.node.level) row.nextElementSibling.remove();
      if (!this.current.isConnected) this.makeCurrent(row);
    }

    showMore(row) {
      const rows = row.node.more();
      row.replaceWith(...rows);
      this.focus(rows[0]);
    }

    // Show only what has a text in its key or value, wherever it stands; tell how many there are.
    find(needle) {
      if (!needle) {
        this.show(this.data, this.headers);
        return null;
      }
      const hits = [];
      const wanted = needle.toLowerCase();
      const left = isHolder(this.data) ? this.childrenOf({ keys: [], value: this.data, level: 0 }).reverse() : [];
      left.push(...Object.entries(this.headers).map(([name, value]) => ({ header: name, keys: [name], label: name, value })));
      while (left.length && hits.length < MOST_HITS) {
        const node = left.pop();
        const isLeaf = !isHolder(node.value);
        const isHit = node.label.toLowerCase().includes(wanted) || (isLeaf && textOf(node.value).toLowerCase().includes(wanted));
        if (isHit) hits.push({ ...node, label: node.header ? `@header^${node.header}` : node.keys.join("^"), level: 1 });
        if (node.children) left.push(...node.children().reverse());
      }
      for (const hit of hits) if (hit.children) hit.children = () => this.childrenOf(hit);
      this.draw(hits);
      return hits.length;
    }

    makeCurrent(row) {
      this.current?.setAttribute("tabindex", "-1");
      this.current = row;
      row?.setAttribute("tabindex", "0");
    }

    focus(row) {
      if (!row) return;
      this.makeCurrent(row);
      row.focus();
      row.scrollIntoView({ block: "nearest" });
    }

    choose(row) {
      this.makeCurrent(row);
      if (row.node.more) return this.showMore(row);
      for (const other of this.box.querySelectorAll("[aria-selected]")) other.removeAttribute("aria-selected");
      if (row.node.isHeaders) return this.toggle(row);
      row.setAttribute("aria-selected", "true");
      this.pick(row.node);
    }

    toggle(row) {
      if (row.getAttribute("aria-expanded") === "true") this.collapse(row);
      else this.expand(row);
    }

    onClick(event) {
      const row = event.target.closest(".ao-wb-row");
      if (!row) return;
      row.focus();
      if (row.node.children && !event.target.closest(".ao-wb-keyname")) {
        this.makeCurrent(row);
        this.toggle(row);
        return;
      }
      this.choose(row);
    }

    onKey(event) {
      const row = event.target.closest(".ao-wb-row");
      if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
      const isOpen = row.getAttribute("aria-expanded") === "true";
      const acts = {
        ArrowDown: () => this.focus(row.nextElementSibling),
        ArrowUp: () => this.focus(row.previousElementSibling),
        Home: () => this.focus(this.box.firstElementChild),
        End: () => this.focus(this.box.lastElementChild),
        ArrowRight: () => (isOpen ? this.focus(row.nextElementSibling) : this.expand(row)),
        ArrowLeft: () => (isOpen ? this.collapse(row) : this.focus(this.parentOf(row))),
        Enter: () => this.choose(row),
        " ": () => this.choose(row),
      };
      const act = acts[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    }

    parentOf(row) {
      let before = row.previousElementSibling;
      while (before && before.node.level >= row.node.level) before = before.previousElementSibling;
      return before;
    }
  }

  function part(css, text) {
    const span = document.createElement("span");
    span.className = css;
    span.textContent = text;
    return span;
  }

  window.DeliveryTree = { Tree, keysOf, pathOf, textOf, write, reviver, isHolder, MOST_HITS };
})();
