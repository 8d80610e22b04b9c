// The map of codes: one instance per mounted element. Geometry is fetched once; a change of query brings only ids.

const MARGIN_PX = 30
const maps = new WeakMap() // the element's root -> its map

class CodeMap {
  constructor(root) {
    Object.assign(this, {
      root, g: null, data: null, url: null, scheme: null, theme: null, focus: new Set(), showQueries: false,
      hits: [], hitAt: new Map(), queryPoint: null, hover: null, cursor: null, picked: null,
    })
    this.parts = buildMap(root)
    this.view = newView()
    this.hideCard = listen(this)
    this.resized = new ResizeObserver(() => this.resize())
    this.resized.observe(this.parts.stage)
  }

  close() {
    this.resized.disconnect()
    this.hideCard()
    maps.delete(this.root)
  }

  // Takes a message from the server, or the same one again after a change of theme.
  async update(data, send) {
    this.data = data
    this.send = send
    this.picked = null
    this.theme = readTheme(this.root)
    this.parts.stage.style.setProperty("--height", `${data.height}px`)
    this.parts.overlay.setAttribute("aria-label", data.label)
    if (data.geometry !== this.url) this.opening = this.open(data.geometry)
    await this.opening
    if (!this.g || this.data !== data) return // overtaken, or there is nothing to draw on
    const colour = JSON.stringify(data.colour)
    if (colour !== this.colour) this.focus.clear()
    this.colour = colour
    this.scheme = colourScheme(this.g, data.colour, this.theme)
    this.mark(data)
    this.resize()
    paintLegend(this.parts, this, (c) => this.toggleFocus(c), () => this.toggleQueries())
  }

  async open(url) {
    this.url = url
    this.say("Loading the map")
    try {
      const g = await loadGeometry(served(url))
      if (this.url !== url) return // another map was asked for meanwhile
      Object.assign(this, { g, hover: null, cursor: null })
      this.focus.clear()
      this.view.fitScale = 0
      this.hideCard()
      this.say("")
    } catch (error) {
      if (this.url !== url) return
      Object.assign(this, { g: null, url: null })
      this.say(`The map could not be loaded: ${error.message}. Reload the page to try again.`)
    }
  }

  say(text) {
    this.parts.message.textContent = text
    this.parts.message.hidden = !text
  }

  // Finds the points of the query and its neighbours; images with one code share a mark.
  mark(data) {
    const { g } = this
    this.queryPoint = pointOf(g, data.query)
    if (this.queryPoint === null && data.place !== null) this.queryPoint = pointOf(g, `d${data.place}`)
    this.hitAt = new Map()
    data.hits.forEach((row, k) => {
      const point = g.pointOfRow[row]
      if (point >= g.nPoints) return
      const judged = data.right !== null
      const fresh = { point, n: 0, right: 0, best: k + 1, distance: data.distances[k], judged }
      const hit = this.hitAt.get(point) ?? fresh
      hit.n += 1
      hit.right += judged ? data.right[k] : 1
      hit.wrong = hit.right < hit.n
      this.hitAt.set(point, hit)
    })
    this.hits = [...this.hitAt.values()]
  }

  pick(point) {
    const { g } = this
    let ref = `q${point - g.nPoints}`
    if (point < g.nPoints) {
      // Clicking the query's own dot again goes on to the next image with that code.
      const rows = Array.from(g.members.subarray(g.start[point], g.start[point + 1]))
      const now = this.picked ?? this.data.query
      ref = `d${rows[(rows.indexOf(now.startsWith("d") ? Number(now.slice(1)) : -1) + 1) % rows.length]}`
    }
    if (ref === this.data.query) return
    // The ring moves at once; the neighbours follow when the server has ranked.
    Object.assign(this, { queryPoint: point, picked: ref, hits: [], hitAt: new Map() })
    this.hideCard()
    this.paintOverlay()
    this.send("pick", ref)
  }

  toggleFocus(c) {
    if (c === null) this.focus.clear()
    else if (!this.focus.delete(c)) this.focus.add(c)
    this.repaint()
    paintLegend(this.parts, this, (k) => this.toggleFocus(k), () => this.toggleQueries())
    this.parts.legend.querySelectorAll("button")[c ?? 0]?.focus({ preventScroll: true })
  }

  toggleQueries() {
    this.showQueries = !this.showQueries
    this.repaint()
  }

  queriesShown() {
    return this.showQueries || this.scheme.showQueries === true
  }

  resize() {
    const { stage, base, overlay } = this.parts
    const [width, height] = [stage.clientWidth, stage.clientHeight]
    if (!this.g || !this.scheme || !width || !height) return
    const { view } = this
    const dpr = window.devicePixelRatio || 1
    if (width !== view.width || height !== view.height || dpr !== view.dpr) {
      for (const canvas of [base, overlay]) {
        canvas.width = Math.round(width * dpr)
        canvas.height = Math.round(height * dpr)
      }
      Object.assign(view, { width, height, dpr })
      view.fitScale = 0
    }
    if (view.fitScale) this.repaint()
    else this.fit()
  }

  fit() {
    const { view, g } = this
    const { x0, x1, y0, y1 } = g.bounds
    const margin = MARGIN_PX * Math.min(1, view.width / 600)
    view.fitScale = Math.min((view.width - 2 * margin) / (x1 - x0), (view.height - 2 * margin) / (y1 - y0))
    Object.assign(view, { scale: view.fitScale, cx: (x0 + x1) / 2, cy: (y0 + y1) / 2 })
    this.repaint()
  }

  pan(dx, dy) {
    this.view.cx -= dx / this.view.scale
    this.view.cy += dy / this.view.scale
    this.clamp()
    this.repaintSoon()
  }

  zoomAt(factor, sx, sy) {
    const { view } = this
    const [px, py] = view.toMap(sx, sy)
    view.scale = Math.min(view.fitScale * MAX_ZOOM, Math.max(view.fitScale, view.scale * factor))
    view.cx = px - (sx - view.width / 2) / view.scale
    view.cy = py + (sy - view.height / 2) / view.scale
    this.clamp()
    this.repaintSoon()
  }

  // The map cannot be pushed out of sight; zoomed out, it sits in the middle.
  clamp() {
    const { view } = this
    const { x0, x1, y0, y1 } = this.g.bounds
    const whole = view.scale <= view.fitScale * 1.001
    view.cx = whole ? (x0 + x1) / 2 : Math.min(x1, Math.max(x0, view.cx))
    view.cy = whole ? (y0 + y1) / 2 : Math.min(y1, Math.max(y0, view.cy))
    // At full size one finger scrolls the page; zoomed in, it moves the map.
    this.parts.overlay.style.touchAction = whole ? "pan-y" : "none"
  }

  goToQuery() {
    if (this.queryPoint === null) return
    const { view, g } = this
    view.scale = Math.max(view.scale, view.fitScale * 4)
    Object.assign(view, { cx: g.x[this.queryPoint], cy: g.y[this.queryPoint] })
    this.clamp()
    this.repaint()
  }

  bringIntoView(point) {
    const { view, g } = this
    const [sx, sy] = view.toScreen(g.x[point], g.y[point])
    if (sx > 20 && sy > 20 && sx < view.width - 20 && sy < view.height - 20) return
    Object.assign(view, { cx: g.x[point], cy: g.y[point] })
    this.clamp()
    this.repaint()
  }

  nearestToMiddle() {
    const { g, view } = this
    let best = 0
    const away = (i) => Math.hypot(g.x[i] - view.cx, g.y[i] - view.cy)
    for (let i = 1; i < g.nPoints; i += 1) if (away(i) < away(best)) best = i
    return best
  }

  repaintSoon() {
    if (this.waiting) return
    this.waiting = requestAnimationFrame(() => {
      this.waiting = null
      this.repaint()
    })
  }

  repaint() {
    radiiForView(this.g, this.view)
    paintBase(this.parts.base.getContext("2d"), this)
    this.paintOverlay()
  }

  paintOverlay() {
    if (!this.g || !this.scheme) return
    paintOverlay(this.parts.overlay.getContext("2d"), this)
    // For tests and for measuring: what the overlay now shows.
    Object.assign(this.parts.overlay.dataset, { query: this.picked ?? this.data.query, hits: this.hits.length })
  }
}

function newView() {
  return {
    width: 0, height: 0, dpr: 1, scale: 1, fitScale: 0, cx: 0, cy: 0,
    toScreen(px, py) {
      return [(px - this.cx) * this.scale + this.width / 2, (this.cy - py) * this.scale + this.height / 2]
    },
    toMap(sx, sy) {
      return [(sx - this.width / 2) / this.scale + this.cx, this.cy - (sy - this.height / 2) / this.scale]
    },
  }
}

function pointOf(g, ref) {
  const row = Number(ref.slice(1))
  if (ref.startsWith("q") && row < g.nQuery) return g.nPoints + row
  return ref.startsWith("d") && g.pointOfRow[row] < g.nPoints ? g.pointOfRow[row] : null
}

// Canvas needs colours as values; the tokens are resolved by the style engine, so light and dark come for free.
function readTheme(root) {
  const probe = root.appendChild(el("span", { hidden: "" }))
  const colour = (name) => {
    probe.style.color = `var(${name})`
    return getComputedStyle(probe).color
  }
  const theme = {
    background: colour("--hl-ground"),
    text: colour("--hl-ink"),
    accent: colour("--hl-bit-one"),
    pale: colour("--map-pale"),
    query: colour("--hl-query"),
    right: colour("--hl-right"),
    wrong: colour("--hl-wrong"),
    font: getComputedStyle(root).fontFamily,
  }
  probe.remove()
  theme.dark = theme.background.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) < 384
  return theme
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  if (!maps.has(root)) maps.set(root, new CodeMap(root))
  const map = maps.get(root)
  map.calls = (map.calls ?? 0) + 1
  const call = map.calls
  map.update(data, setTriggerValue)
  // Streamlit may run the clean-up of an overtaken call; only that of the last one means the element is gone.
  return () => map.calls === call && map.close()
}
