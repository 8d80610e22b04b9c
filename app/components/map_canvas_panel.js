// The parts around the drawing: buttons, the card at the pointer, the legend.

const CARD_THUMBS = 6

function buildMap(root) {
  const tool = (name, label, d) => {
    const button = el("button", { class: "tool", type: "button", title: label, "aria-label": label, "data-tool": name })
    const icon = document.createElementNS(SVG, "svg")
    icon.setAttribute("viewBox", "0 0 16 16")
    const path = document.createElementNS(SVG, "path")
    path.setAttribute("d", d)
    icon.append(path)
    button.append(icon)
    return button
  }
  const parts = {
    base: el("canvas", { class: "base", "aria-hidden": "true" }),
    overlay: el("canvas", {
      class: "overlay", tabindex: "0", role: "application", "aria-roledescription": "map of codes", "data-testid": "map",
    }),
    card: el("div", { class: "card", hidden: "" }),
    message: el("p", { class: "message" }, "Loading the map"),
    spoken: el("p", { class: "spoken", "aria-live": "polite" }),
    tools: el(
      "div", { class: "tools" },
      tool("in", "Zoom in (+)", "M8 3v10M3 8h10"),
      tool("out", "Zoom out (-)", "M3 8h10"),
      tool("reset", "Show everything (0)", "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3"),
      tool("query", "Go to the query (Q)", "M8 1v4M8 11v4M1 8h4M11 8h4M5 8a3 3 0 1 0 6 0 3 3 0 1 0-6 0"),
    ),
    legend: el("div", { class: "legend" }),
  }
  const stage = el("div", { class: "stage" }, parts.base, parts.overlay, parts.tools, parts.message, parts.card)
  root.replaceChildren(stage, parts.spoken, parts.legend)
  return { ...parts, stage }
}

const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`

// Names and counts of the classes that share a code, most frequent first.
function classesOf(g, point) {
  const counts = Array.from(g.classCounts.subarray(point * g.nClasses, (point + 1) * g.nClasses), (n, c) => [n, g.classes[c]])
  return counts.filter(([n]) => n > 0).sort((a, b) => b[0] - a[0])
}

function queryNames(g, q) {
  return g.classes.filter((_, c) => g.hasClass(g.queryLabels, q, c)).join(", ") || "no tag"
}

// What a point is, in words: the card shows it, and a screen reader says it.
function describe(g, point, scene) {
  if (point >= g.nPoints) {
    const q = point - g.nPoints
    const ap = Number.isFinite(g.queryAp[q]) ? `AP ${g.queryAp[q].toFixed(3)}` : ""
    return { title: queryNames(g, q), lines: [`query image ${q}`, ap].filter(Boolean), images: [["query", q]] }
  }
  const rows = g.members.subarray(g.start[point], g.start[point + 1])
  const found = classesOf(g, point)
  const single = rows.length === 1
  const few = found.slice(0, 4).map(([n, name]) => (single ? name : `${name} ${n}`))
  const more = found.length > 4 ? `, ${found.length - 4} more` : ""
  const pure = found.length === 1 && (single || found[0][0] === rows.length)
  const title = pure ? found[0][1] : few.join(single ? ", " : " · ") + more || "no tag"
  const lines = [single ? `database image ${rows[0]}` : `${plural(rows.length, "image")} share this code`]
  const hit = scene.hitAt.get(point)
  if (hit) {
    const verdict = hit.judged ? ` · ${plural(hit.right, "right")}`.replace("rights", "right") : ""
    lines.push(single ? `rank ${hit.best} of the shown, d=${hit.distance}${verdictOf(hit)}`
      : `${plural(hit.n, "shown neighbour")}, d=${hit.distance}${verdict}`)
  }
  return { title, lines, images: Array.from(rows.subarray(0, CARD_THUMBS), (row) => ["database", row]) }
}

const verdictOf = (hit) => (hit.judged ? (hit.right ? ", right" : ", wrong") : "")

function showCard(parts, scene, point, touch, pick) {
  const { g, view, data } = scene
  const { title, lines, images } = describe(g, point, scene)
  const pictures = images.map(([split, row]) => el("img", {
    src: served(data.thumb[split].replace("{row}", row)), alt: "", width: 64, height: 64, decoding: "async",
  }))
  const action = touch
    ? el("button", { class: "pick", type: "button", onclick: pick }, "Make it the query")
    : el("p", { class: "how" }, "click: make it the query")
  parts.card.replaceChildren(
    el("div", { class: data.pixelated ? "pictures pixels" : "pictures" }, ...pictures),
    el("p", { class: "title" }, title), ...lines.map((line) => el("p", {}, line)), action,
  )
  parts.card.classList.toggle("touch", touch)
  parts.card.hidden = false
  const [sx, sy] = view.toScreen(g.x[point], g.y[point])
  const { offsetWidth: w, offsetHeight: h } = parts.card
  const gap = dotRadius(g, view, point) + 10
  const above = sy - gap - h >= 4
  parts.card.style.left = `${Math.max(4, Math.min(view.width - w - 4, sx - w / 2))}px`
  parts.card.style.top = `${above ? sy - gap - h : Math.min(sy + gap, Math.max(4, view.height - h - 4))}px`
}

function paintLegend(parts, scene, toggleFocus, toggleQueries) {
  const { g, scheme, focus, view } = scene
  const swatch = (colour) => {
    const spot = el("span", { class: "swatch", "aria-hidden": "true" })
    spot.style.background = colour
    return spot
  }
  const entry = ({ name, colour, count }, c) => {
    const inside = [swatch(colour), el("span", {}, name), el("span", { class: "count" }, count.toLocaleString("en"))]
    if (scheme.kind === "ap") return el("span", { class: "entry" }, ...inside)
    return el("button", {
      class: "entry", type: "button", "aria-pressed": focus.has(c) ? "true" : "false", "data-testid": "map-class",
      title: focus.has(c) ? `Stop picking out ${name}` : `Dim everything but ${name}`, onclick: () => toggleFocus(c),
    }, ...inside)
  }
  const entries = el("div", { class: "entries", role: "group", "aria-label": "Colours" }, ...scheme.categories.map(entry))
  if (focus.size) entries.append(el("button", { class: "entry all", type: "button", onclick: () => toggleFocus(null) }, "show all"))
  if (scheme.kind === "ap") {
    const ramp = el("span", { class: "ramp", "aria-hidden": "true" })
    ramp.style.background = `linear-gradient(to right, ${[0, 0.25, 0.5, 0.75, 1].map((ap) => apColour(ap, scene.theme)).join(",")})`
    entries.append(el("span", { class: "entry" }, el("span", {}, "AP of the query images: 0"), ramp, el("span", {}, "1")))
  } else {
    const box = el("input", { type: "checkbox", onchange: toggleQueries })
    box.checked = scene.showQueries
    entries.append(el("label", { class: "entry" }, box, el("span", { class: "rhomb", "aria-hidden": "true" }), el("span", {}, "query images"),
      el("span", { class: "count" }, g.nQuery.toLocaleString("en"))))
  }
  parts.legend.replaceChildren(entries, sizeKey(g, view), el("p", { class: "keys" }, ...markKey(scheme, scene)))
}

function sizeKey(g, view) {
  const steps = [1, 10, 100, 1000].filter((n) => n <= g.maxSize)
  if (steps.at(-1) < g.maxSize) steps.push(g.maxSize)
  const key = steps.length > 4 ? [steps[0], steps[1], steps[2], steps.at(-1)] : steps
  const grown = (view.scale / view.fitScale) ** 0.4
  const spots = key.map((n) => {
    const d = (2 * Math.max(view.minRadius, view.unitRadius * Math.sqrt(n))) / grown
    const spot = el("span", { class: "dot", "aria-hidden": "true" })
    spot.style.width = spot.style.height = `${d}px`
    return el("span", { class: "entry" }, spot, el("span", {}, n.toLocaleString("en")))
  })
  const words = g.maxSize === 1 ? "One dot is one image: no two images share a code." : "One dot is one code; its area is the number of images that share it:"
  return el("p", { class: "sizes" }, el("span", {}, words), ...(g.maxSize === 1 ? [] : spots))
}

function markKey(scheme, scene) {
  const mark = (name, words) => el("span", { class: "entry" }, el("span", { class: `mark ${name}`, "aria-hidden": "true" }), el("span", {}, words))
  const marks = scene.hits.length || scene.queryPoint !== null ? [mark("query", "query")] : []
  if (scene.hits.length) {
    if (scene.hits.some((hit) => hit.judged)) marks.push(mark("right", "right neighbour"), mark("wrong", "wrong neighbour, dashed line"))
    else marks.push(mark("plain", "neighbour"))
  }
  if (scheme.kind === "class" || scheme.kind === "tag") marks.push(el("span", { class: "entry" }, el("span", { class: "mark pie", "aria-hidden": "true" }), el("span", {}, "several kinds share one code")))
  return marks
}
