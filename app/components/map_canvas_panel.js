// The parts around the drawing: buttons and the card at the pointer.

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
      class: "overlay",
      tabindex: "0",
      role: "application",
      "aria-roledescription": "map of codes",
      "data-testid": "map",
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
  const counts = g.classCounts.subarray(point * g.nClasses, (point + 1) * g.nClasses)
  return Array.from(counts, (n, c) => [n, g.classes[c]]).filter(([n]) => n > 0).sort((a, b) => b[0] - a[0])
}

// Where images have labels, one without any says so.
const unnamed = (g) => (g.nClasses ? "no tag" : "no labels")

function queryNames(g, q) {
  return g.classes.filter((_, c) => g.hasClass(g.queryLabels, q, c)).join(", ") || unnamed(g)
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
  const title = pure ? found[0][1] : few.join(single ? ", " : " · ") + more || unnamed(g)
  const lines = [single ? `database image ${rows[0]}` : `${plural(rows.length, "image")} share this code`]
  const hit = scene.hitAt.get(point)
  if (hit) {
    const verdict = single ? (hit.right ? ", right" : ", wrong") : `, ${hit.right} right`
    const what = single ? `neighbour ${hit.best}` : plural(hit.n, "marked neighbour")
    lines.push(`${what}, d=${hit.distance}${hit.judged ? verdict : ""}`)
  }
  return { title, lines, images: Array.from(rows.subarray(0, CARD_THUMBS), (row) => ["database", row]) }
}

function showCard(parts, scene, point, touch, pick) {
  const { g, view, data } = scene
  const { title, lines, images } = describe(g, point, scene)
  const pictures = images.map(([split, row]) => el("img", {
    src: served(data.thumb[split].replace("{row}", row)),
    alt: "", // the words below say it
    width: 64,
    height: 64,
    decoding: "async",
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
