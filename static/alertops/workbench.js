// The mapping workbench: rules are edited here, and the server says at each change what they make of a delivery.
document.addEventListener("alpine:init", () => {
  const { Tree, keysOf, pathOf, textOf, write, reviver, isHolder, MOST_HITS } = window.DeliveryTree;
  const PAUSE = 150; // milliseconds without typing before the server is asked
  const KINDS = ["path", "template", "constant"];
  let last = 0;
  const uid = () => `r${++last}`;
  const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
  const fill = (text, parts) => text.replace(/%\((\w+)\)s/g, (_all, name) => parts[name]);
  const isTag = (name) => name.startsWith("tag:");

  // A rule as the inputs have it; `sent` is the way back.
  function inputsOf(rule, names) {
    const specs = Object.entries(rule.fields);
    const spec = (name) => ({ kind: "path", value: "", ...rule.fields[name] });
    const rows = (group) => rule.filters.filter((row) => row.group === group).map((row) => ({ uid: uid(), ...row }));
    const texts = Object.fromEntries(["open", "close", "update"].map((action) => [`${action}_values`, rule[`${action}_values`].join("\n")]));
    return {
      ...rule,
      ...texts,
      uid: uid(),
      fields: { ...Object.fromEntries(names.map((name) => [name, spec(name)])), source: { kind: "constant", value: rule.fields.source?.value || "" } },
      tags: specs.filter(([name]) => isTag(name)).map(([name, held]) => ({ uid: uid(), name: name.slice(4), ...held })),
      cases: rule.severity_cases.map((row) => ({ uid: uid(), ...row })),
      all: rows("all"),
      any: rows("any"),
    };
  }

  const filled = {
    filters: (rule) => [...rule.all, ...rule.any].filter((row) => row.path.trim() || row.value.trim()),
    cases: (rule) => rule.cases.filter((row) => row.value.trim()),
    tags: (rule) => rule.tags.filter((row) => row.name.trim() || row.value.trim()),
  };

  // A rule as the server reads it.
  function sent(rule) {
    const specs = Object.entries(rule.fields).filter(([, spec]) => spec.value.trim());
    const tags = filled.tags(rule).map(({ name, kind, value }) => [`tag:${name.trim()}`, { kind, value }]);
    const { id, name, is_enabled, iterate_over, open_match, close_match, update_match } = rule;
    return {
      ...{ id, name, is_enabled, iterate_over, open_match, close_match, update_match },
      fields: Object.fromEntries([...specs.map(([key, { kind, value }]) => [key, { kind, value }]), ...tags]),
      open_values: lines(rule.open_values),
      close_values: lines(rule.close_values),
      update_values: lines(rule.update_values),
      severity_cases: filled.cases(rule).map(({ match, value, severity }) => ({ match, value, severity })),
      filters: filled.filters(rule).map(({ group, path, is_negated, operator, value }) => ({ group, path, is_negated, operator, value })),
    };
  }

  // Which row of a rule stands at which place of what is sent.
  const placesOf = (rule) => ({ filters: filled.filters(rule).map((row) => row.uid), cases: filled.cases(rule).map((row) => row.uid) });

  const headersOf = (text) =>
    Object.fromEntries(lines(text).map((line) => [line.split(":")[0].trim(), line.slice(line.indexOf(":") + 1).trim()]));
  const textOfHeaders = (headers) => Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join("\n");
  const isWide = () => matchMedia("(min-width: 1024px)").matches;
  // What of the headers of a delivery means something when it is posted again.
  const lasting = ([name, value]) => /^x-(?!forwarded|real-ip|request-start)/i.test(name) && value !== "***";

  Alpine.data("workbench", () => {
    const setup = JSON.parse(document.getElementById("ao-wb-setup").textContent);
    const names = Object.keys(setup.fields);
    let page, tree, delivery, timer, controller, baseline, drawn; // nothing that Alpine should look into

    return {
      words: setup.words, fields: setup.fields, sections: setup.sections, valueLists: setup.lists, most: setup.most,
      fieldNames: names.filter((name) => name !== "source"),
      rules: setup.rules.map((rule) => inputsOf(rule, names)),
      messages: setup.messages,
      version: setup.version,
      sourceKey: setup.source.kind === "message" ? `message:${setup.source.id}` : setup.source.kind,
      text: { body: setup.sample.body, headers: textOfHeaders(setup.sample.headers) },
      sample: null,
      open: null, answers: {}, places: {}, outcome: { badge: "", sentence: setup.words.reading, consequence: "", details: "" },
      picked: null, target: null, hasData: false, unreadable: "", needle: "", hits: "",
      notice: null, changed: "", theirs: "", away: "", isDirty: false, isSaving: false, isNew: false,

      init() {
        page = this.$root; // of inputs that are gone by then, Alpine finds no root
        tree = new Tree(page.querySelector(".ao-wb-tree"), this.words, (node) => this.pick(node));
        const chosen = this.sourceKey.match(/^message:(\d+)$/);
        if (chosen && !this.messages.some((message) => String(message.id) === chosen[1]))
          this.messages.push({ id: Number(chosen[1]), label: `#${chosen[1]}` });
        baseline = this.asText();
        this.open = this.rules[0]?.uid ?? null;
        this.$watch("rules", () => this.soon());
        this.$watch("open", () => this.markTree());
        addEventListener("beforeunload", (event) => this.isDirty && event.preventDefault());
        addEventListener("focus", () => this.soon());
        this.tryOut();
      },

      get current() { return this.rules.find((rule) => rule.uid === this.open) || null; },
      get source() {
        if (this.sourceKey === "sample") return { kind: "sample" };
        if (this.sourceKey === "text") return { kind: "text", body: this.text.body, headers: headersOf(this.text.headers) };
        return { kind: "message", id: Number(this.sourceKey.split(":")[1]) };
      },
      asText() { return JSON.stringify(this.rules.map(sent)); },

      // Asking the server

      soon() {
        this.isDirty = this.asText() !== baseline || this.sample !== null;
        clearTimeout(timer);
        timer = setTimeout(() => this.tryOut(), PAUSE);
      },
      // The data comes along only where it is not yet the one that is drawn.
      async tryOut() {
        controller?.abort();
        controller = new AbortController();
        const uids = this.rules.map((rule) => rule.uid);
        const places = this.rules.map(placesOf);
        const delivered = JSON.stringify(this.source);
        const asked = { rules: this.rules.map(sent), delivery: this.source, wants_data: delivered !== drawn, version: this.version };
        const answer = await this.ask("try", asked, controller.signal);
        if (!answer) return;
        [this.changed, this.theirs] = [answer.changed || "", answer.version];
        this.unreadable = answer.unreadable || (answer.error?.field.startsWith("delivery") ? answer.said : "");
        if (!answer.rules) {
          this.outcome = { badge: "", sentence: answer.said, consequence: "", details: "" };
          drawn = null;
          this.hasData = false;
          return;
        }
        this.answers = Object.fromEntries(uids.map((key, place) => [key, answer.rules[place]]));
        this.places = Object.fromEntries(uids.map((key, place) => [key, places[place]]));
        if (!delivery) this.openDeciding();
        const isEmpty = asked.delivery.kind === "text" && !asked.delivery.body.trim();
        if (isEmpty) this.unreadable = "";
        this.tell(isEmpty ? { badge: "", sentence: this.words.paste, consequence: "", details: "" } : answer.outcome);
        if (answer.data !== undefined) {
          drawn = delivered;
          this.draw(answer.data, answer.headers);
        } else if (answer.unreadable) {
          drawn = null;
          this.hasData = false;
        }
        this.markTree();
      },
      // What was folded or unfolded stays so while the words change.
      tell(outcome) {
        if (JSON.stringify(outcome) === JSON.stringify(this.outcome)) return;
        const folds = () => [...page.querySelectorAll(".ao-wb-outcome details")];
        const before = folds().map((fold) => fold.open);
        this.outcome = outcome;
        this.$nextTick(() => folds().length === before.length && folds().forEach((fold, place) => (fold.open = before[place])));
      },
      async ask(place, data, signal) {
        const token = page.querySelector("[name=csrfmiddlewaretoken]").value;
        try {
          const response = await fetch(setup.urls[place], {
            ...{ method: "POST", body: JSON.stringify(data), signal, credentials: "same-origin" },
            headers: { "Content-Type": "application/json", "X-CSRFToken": token },
          });
          const isOurs = response.headers.get("Content-Type")?.includes("json");
          this.away = isOurs ? "" : response.redirected ? this.words.log_in : response.status === 403 ? this.words.not_allowed : this.words.away;
          return isOurs ? { status: response.status, ...JSON.parse(await response.text(), reviver) } : null;
        } catch (error) {
          if (error.name !== "AbortError") this.away = this.words.away;
          return null;
        }
      },

      // The delivery

      choose() {
        this.drop(false);
        this.needle = this.hits = "";
        this.soon();
      },
      draw(data, headers) {
        delivery = { data, headers };
        this.hasData = true;
        tree.show(data, headers);
        this.isNew = true;
      },
      find() {
        const count = tree.find(this.needle.trim());
        const word = count === 0 ? this.words.found_none : count === MOST_HITS ? this.words.most_hits : this.words.hits;
        this.hits = count === null ? "" : fill(word, { count });
      },
      edit() {
        this.text = { body: write(delivery.data), headers: textOfHeaders(delivery.headers) };
        this.sourceKey = "text";
        this.soon();
      },
      keep() {
        const isText = this.sourceKey === "text";
        const headers = isText ? headersOf(this.text.headers) : Object.fromEntries(Object.entries(delivery.headers).filter(lasting));
        this.sample = { body: isText ? this.text.body : write(delivery.data), headers };
        this.soon();
      },
      markTree() {
        const marks = new Map();
        const add = (path, label) => {
          const key = path.toLowerCase().startsWith("@header") ? path.trim().toLowerCase() : path.trim();
          if (key) marks.set(key, [...(marks.get(key) || []), label]);
        };
        for (const [name, spec] of this.specsOf(this.current)) {
          if (spec.kind === "path") add(spec.value, name);
          if (spec.kind === "template") for (const [, path] of spec.value.matchAll(/<([^<>]+)>/g)) add(path, name);
        }
        tree.markAll(marks, this.through(this.current));
        if (this.isNew && !this.needle) tree.reveal([...marks.keys()]);
        this.isNew = false;
      },
      specsOf(rule) {
        if (!rule) return [];
        return [...names.map((name) => [this.fields[name].label, rule.fields[name]]), ...rule.tags.map((row) => [row.name, row])];
      },
      through(rule) { return rule?.iterate_over ? keysOf(rule.iterate_over) : null; },

      // Using a value of it

      pick(node) {
        const path = pathOf(node, this.through(this.current));
        const isLeaf = !isHolder(node.value);
        const value = node.value === null ? "" : textOf(node.value);
        const shown = node.value === null ? this.words.none : isLeaf ? value.slice(0, 300) : "";
        this.picked = { path, isLeaf: isLeaf && node.value !== null, isList: Array.isArray(node.value), value, shown, name: node.label, whole: pathOf(node, null) };
        this.$nextTick(() => {
          tree.current.scrollIntoView({ block: "nearest" });
          if (!isWide()) page.querySelector(".ao-wb-offer").scrollIntoView({ block: "nearest" });
          const offers = [...page.querySelectorAll(".ao-wb-offer button:not(.ao-wb-icon)")];
          offers.find((button) => button.offsetParent)?.focus({ preventScroll: true });
        });
      },
      drop(focuses = true) {
        this.picked = null;
        if (focuses && tree.current) tree.focus(tree.current);
      },
      aim(kind, name) { this.target = { kind, name }; },
      get targetLabel() {
        const { kind, name } = this.target || {};
        if (kind === "field" && name !== "source") return fill(this.words.put, { field: this.fields[name].label });
        if (kind === "filter" && this.rowOf("filters", name)) return this.words.put_filter;
        if (kind === "tag" && this.rowOf("tags", name)) return fill(this.words.put, { field: this.rowOf("tags", name).name || this.words.no_kind });
        return kind === "iterate" && this.picked?.isList ? this.words.put_list : "";
      },
      rowOf(kind, key) {
        const rule = this.current;
        return (kind === "tags" ? rule?.tags : rule && [...rule.all, ...rule.any])?.find((row) => row.uid === key);
      },
      useTarget() {
        const { kind, name } = this.target;
        if (kind === "field") this.usePath(name);
        else if (kind === "iterate") this.useList();
        else if (kind === "tag") this.fillIn(this.rowOf("tags", name), this.rowOf("tags", name).name);
        else this.used(() => (this.rowOf("filters", name).path = this.picked.path));
      },
      usePath(name) { this.fillIn(this.current.fields[name], this.fields[name].label, name); },
      fillIn(spec, label, name) {
        this.used(() => {
          if (spec.kind === "template" && spec.value) spec.value += `<${this.picked.path}>`;
          else Object.assign(spec, { kind: "path", value: this.picked.path });
        }, name);
      },
      useTag() {
        this.used(() => this.current.tags.push({ uid: uid(), name: this.picked.name.slice(0, 100), kind: "path", value: this.picked.path }));
      },
      // The value moves to one list, out of the two others: in two it would be refused.
      useValue(action) {
        this.used(() => {
          const rule = this.current;
          const value = this.picked.value.trim();
          for (const { action: each } of this.valueLists) {
            const kept = lines(rule[`${each}_values`]).filter((line) => line.toLowerCase() !== value.toLowerCase());
            rule[`${each}_values`] = (each === action ? [...kept, value] : kept).join("\n");
          }
          if (!rule.fields.source_status.value) rule.fields.source_status = { kind: "path", value: this.picked.path };
        }, "source_status");
      },
      useFilter(isNegated) {
        const operator = this.picked.isLeaf ? "equals" : "exists";
        const value = this.picked.isLeaf ? this.picked.value : "";
        this.used(() => this.current.all.push({ uid: uid(), group: "all", path: this.picked.path, is_negated: isNegated, operator, value }));
      },
      useList() { this.used(() => (this.current.iterate_over = this.picked.whole)); },
      used(change, name) {
        change();
        this.drop();
        if (name) this.$nextTick(() => flash(page.querySelector(`[data-field="${name}"]`)));
      },
      reads(name) { return this.current?.fields[name].kind === "path" && this.current.fields[name].value.trim() === this.picked?.path; },
      lists(action) { return !!this.current && lines(this.current[`${action}_values`]).some((line) => line.toLowerCase() === this.picked?.value.trim().toLowerCase()); },

      // The rules

      toggle(rule) {
        this.open = this.open === rule.uid ? null : rule.uid;
        this.target = null;
        this.picked = null;
      },
      openDeciding() {
        const deciding = this.rules.find((rule) => this.answers[rule.uid]?.result === "decides");
        if (deciding) this.open = deciding.uid;
      },
      addRule() {
        const empty = { id: null, name: "", is_enabled: true, iterate_over: "", fields: {}, filters: [], severity_cases: [] };
        for (const action of ["open", "close", "update"]) Object.assign(empty, { [`${action}_match`]: "equals", [`${action}_values`]: [] });
        const rule = inputsOf(empty, names);
        rule.fields.source.value = this.rules[0]?.fields.source.value || "";
        rule.name = this.words.new_rule;
        this.show(rule, this.rules.length);
      },
      copyRule(rule) {
        const copy = inputsOf({ ...JSON.parse(JSON.stringify(sent(rule))), id: null }, names);
        copy.name = fill(this.words.copy_of, { name: rule.name }).slice(0, 100);
        this.show(copy, this.rules.indexOf(rule) + 1);
      },
      show(rule, place) {
        this.rules.splice(place, 0, rule);
        this.open = rule.uid;
        this.$nextTick(() => page.querySelector(`[data-row="${rule.uid}"] .ao-wb-editor input`)?.select());
      },
      removeRule(rule) {
        if (!confirm(fill(this.words.remove_rule, { name: rule.name }))) return;
        this.take(this.rules, rule);
        if (this.open === rule.uid) this.open = null;
      },
      addFilter(rule, group, event) { this.append(rule[group], { group, path: "", is_negated: false, operator: "equals", value: "" }, event); },
      addCase(rule, event) { this.append(rule.cases, { match: "equals", value: "", severity: "warning" }, event); },
      addTag(rule, event) { this.append(rule.tags, { name: "", kind: "path", value: "" }, event); },
      append(rows, row, event) {
        const box = event.currentTarget.parentElement;
        rows.push({ uid: uid(), ...row });
        this.$nextTick(() => box.querySelector(":scope > div:last-of-type input")?.focus());
      },
      take(rows, row) { rows.splice(rows.indexOf(row), 1); },
      compare(row, choice) {
        row.is_negated = choice.startsWith("not ");
        row.operator = choice.replace("not ", "");
      },
      move(rows, row, step, event) {
        const place = rows.indexOf(row);
        if (!rows[place + step]) return;
        const button = event.currentTarget;
        rows.splice(place + step, 0, rows.splice(place, 1)[0]);
        this.$nextTick(() => button.focus());
      },
      // Rows change places as the pointer passes the middle of their neighbours.
      drag(event, rows, row) {
        if (event.button) return;
        event.preventDefault();
        const own = event.currentTarget.closest("[data-row]");
        const box = own.parentElement;
        own.classList.add("ao-wb-dragged");
        const middle = (element) => element.getBoundingClientRect().top + element.offsetHeight / 2;
        const follow = ({ clientY }) => {
          const shown = [...box.children].filter((element) => element.dataset.row);
          const place = shown.indexOf(own);
          const step = place > 0 && clientY < middle(shown[place - 1]) ? -1 : place < shown.length - 1 && clientY > middle(shown[place + 1]) ? 1 : 0;
          const from = rows.indexOf(row);
          if (step && from === place) rows.splice(from + step, 0, rows.splice(from, 1)[0]);
        };
        const stop = () => {
          own.classList.remove("ao-wb-dragged");
          removeEventListener("pointermove", follow);
          for (const name of ["pointerup", "pointercancel"]) removeEventListener(name, stop);
        };
        addEventListener("pointermove", follow);
        for (const name of ["pointerup", "pointercancel"]) addEventListener(name, stop);
      },

      // What the server said, where it belongs

      problems(rule) { return this.answers[rule.uid]?.problems || {}; },
      wrong(rule, field) { return this.problems(rule)[field] || ""; },
      wrongAt(rule, kind, prefix, row, column) {
        const place = this.places[rule.uid]?.[kind].indexOf(row.uid) ?? -1;
        if (place < 0) return "";
        const begin = column ? `${prefix}.${place}.${column}` : `${prefix}.${place}.`;
        const found = Object.entries(this.problems(rule)).find(([field]) => (column ? field === begin : field.startsWith(begin)));
        return found ? found[1] : "";
      },
      wrongFilter(rule, row, column) { return this.wrongAt(rule, "filters", "filters", row, column); },
      wrongCase(rule, row) { return this.wrongAt(rule, "cases", "severity_cases", row); },
      wrongTag(rule, row) {
        const name = row.name.trim();
        if (name && rule.tags.find((other) => other.name.trim() === name) !== row) return this.words.twice;
        if (!name && row.value.trim()) return this.words.no_kind;
        return this.wrong(rule, `fields.tag:${name}`);
      },
      // What belongs to no single input stands at the top of its rule.
      loose(rule) {
        const isLoose = (field) => ["rule", "fields", "filters", "severity_cases"].includes(field);
        return Object.entries(this.problems(rule)).filter(([field]) => isLoose(field)).map(([, text]) => text);
      },
      count(rule) { return Object.keys(this.problems(rule)).length; },
      verdictOf(rule, row) {
        const place = this.places[rule.uid]?.filters.indexOf(row.uid) ?? -1;
        return place < 0 ? null : this.answers[rule.uid]?.filters[place] || null;
      },
      found(rule, name) { return this.answers[rule.uid]?.fields[name] || null; },
      together(rule) {
        if (!this.found(rule, "source_name")?.value) return "";
        return ["source", "source_name", "source_id"].map((name) => this.found(rule, name)?.value).filter(Boolean).join(" · ");
      },
      said(rule) {
        const wrong = this.count(rule);
        return wrong ? fill(this.words.problems, { count: wrong }) : this.answers[rule.uid]?.said || "";
      },
      tone(rule) { return this.count(rule) ? "ao-wb-broken" : `ao-wb-${this.answers[rule.uid]?.result || "later"}`; },
      icon(rule) {
        if (this.count(rule)) return "error";
        const icons = { decides: "check_circle", refuses: "do_not_disturb_on", no_list: "do_not_disturb_on", empty: "do_not_disturb_on", off: "block", broken: "error" };
        return icons[this.answers[rule.uid]?.result] || "more_horiz";
      },
      hint(kind) { return this.words[`hint_${KINDS.includes(kind) ? kind : "path"}`]; },
      isOpen(rule, section) {
        if (["key", "status"].includes(section.key)) return true;
        if (section.key === "tags") return rule.tags.length > 0;
        return section.fields.some((name) => rule.fields[name].value) || rule.cases.length * (section.key === "severity");
      },

      // Saving and testing

      async save(isForced = false) {
        if (this.isSaving || !setup.may.save) return false;
        const twice = this.rules.find((rule) => rule.tags.some((row) => this.wrongTag(rule, row)));
        if (twice) return this.showWrong(twice);
        this.isSaving = true;
        const uids = this.rules.map((rule) => rule.uid);
        const before = this.asText();
        const version = isForced ? this.theirs : this.version;
        const answer = await this.ask("save", { rules: this.rules.map(sent), version, sample: this.sample });
        this.isSaving = false;
        if (!answer) return false;
        this.notice = { tone: answer.status === 200 ? "green" : "red", text: answer.said };
        if (answer.status === 200) {
          uids.forEach((key, place) => Object.assign(this.rules.find((rule) => rule.uid === key) || {}, { id: answer.ids[place] }));
          this.version = answer.version;
          this.changed = "";
          if (this.sample) drawn = null;
          this.sample = null;
          baseline = JSON.stringify(JSON.parse(before).map((rule, place) => ({ ...rule, id: answer.ids[place] })));
          this.soon(); // somebody may have typed meanwhile
          return true;
        }
        if (answer.status === 409) [this.changed, this.theirs] = [answer.changed, answer.version];
        if (answer.problems) {
          uids.forEach((key, place) => (this.answers[key] = { fields: {}, filters: {}, ...this.answers[key], problems: answer.problems[place] }));
          const wrong = this.rules.find((rule) => this.count(rule));
          if (wrong) this.showWrong(wrong);
        }
        return false;
      },
      showWrong(rule) {
        this.open = rule.uid;
        this.$nextTick(() => {
          const input = page.querySelector("[aria-invalid=true]");
          input?.closest("details")?.setAttribute("open", "");
          input?.focus();
        });
        return false;
      },
      async test() {
        if (this.isDirty && !(await this.save())) return;
        this.notice = { tone: "blue", text: this.words.sending };
        const answer = await this.ask("test", {});
        if (!answer) return void (this.notice = { tone: "red", text: this.away });
        if (answer.status !== 200) return void (this.notice = { tone: "red", text: answer.said });
        this.notice = { tone: "blue", text: `${answer.said} ${this.words.checking}`, url: answer.url, link: this.words.to_log };
        for (let turn = 0; turn < 20; turn++) {
          await new Promise((done) => setTimeout(done, 500));
          const heard = await fetch(`${setup.urls.heard}?message=${answer.id}`).then((response) => response.json()).catch(() => null);
          if (!heard?.is_done) continue;
          this.notice = { tone: "green", text: heard.said, url: heard.url, link: this.words.to_log };
          return this.soon();
        }
        this.notice = { tone: "amber", text: this.words.slow, url: answer.url, link: this.words.to_log };
      },
    };
  });

  // Show where something has just been put.
  function flash(element) {
    if (!element) return;
    element.closest("details")?.setAttribute("open", "");
    element.classList.add("ao-wb-flash");
    if (isWide()) element.scrollIntoView({ block: "nearest" });
    setTimeout(() => element.classList.remove("ao-wb-flash"), 1500);
  }
});
