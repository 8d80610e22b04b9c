// Pointer, wheel and keys. Everything here stays in the browser; only a pick travels to the server.

const PICK_PX = 12
const DWELL_MS = 120
const DRAG_PX = 4
const MAX_ZOOM = 60

// The dot under a place on the screen: the smallest of those that contain it, else the nearest edge within reach.
function pickAt(scene, sx, sy) {
  const { g, view } = scene
  const [px, py] = view.toMap(sx, sy)
  const reach = (PICK_PX + Math.max(view.queryRadius, view.unitRadius * Math.sqrt(g.maxSize))) / view.scale
  let [best, bestScore] = [null, Infinity]
  visitNear(g, px, py, reach, (i) => {
    if (i >= g.nPoints && !scene.queriesShown() && i !== scene.queryPoint) return
    const r = dotRadius(g, view, i)
    const away = Math.hypot((g.x[i] - px) * view.scale, (g.y[i] - py) * view.scale)
    const score = away <= r ? r - 1e6 : away - r
    if (score <= PICK_PX && score < bestScore) [best, bestScore] = [i, score]
  })
  return best
}

// The nearest point that lies within 45 degrees of a direction; straight ahead counts less far.
function neighbourTowards(scene, from, dx, dy) {
  const { g } = scene
  const last = scene.queriesShown() ? g.x.length : g.nPoints
  let [best, bestCost] = [null, Infinity]
  for (let i = 0; i < last; i += 1) {
    const ax = g.x[i] - g.x[from]
    const ay = g.y[i] - g.y[from]
    const ahead = ax * dx + ay * dy
    const aside = Math.abs(ax * dy - ay * dx)
    if (ahead <= 0 || aside > ahead) continue
    const cost = ahead + 2 * aside
    if (cost < bestCost) [best, bestCost] = [i, cost]
  }
  return best
}

function listen(map) {
  const { overlay, card, tools } = map.parts
  const pointers = new Map()
  let drag = null
  let dwell = 0

  const place = (event) => {
    const box = overlay.getBoundingClientRect()
    return [event.clientX - box.left, event.clientY - box.top]
  }
  const hideCard = () => {
    clearTimeout(dwell)
    card.hidden = true
  }
  const hoverAt = (point) => {
    if (point === map.hover) return
    hideCard()
    map.hover = point
    overlay.style.cursor = point === null ? "" : "pointer"
    map.paintOverlay()
    if (point !== null) dwell = setTimeout(() => showCard(map.parts, map, point, false, null), DWELL_MS)
  }

  overlay.onpointerdown = (event) => {
    if (!map.g || event.button > 0) return
    overlay.setPointerCapture(event.pointerId)
    pointers.set(event.pointerId, place(event))
    drag = { from: place(event), moved: pointers.size > 1, spread: spreadOf(pointers) }
    if (event.pointerType === "touch") hideCard()
  }
  overlay.onpointermove = (event) => {
    if (!map.g) return
    const now = place(event)
    const before = pointers.get(event.pointerId)
    if (!before) {
      if (event.pointerType === "mouse" || event.pointerType === "pen") hoverAt(pickAt(map, ...now))
      return
    }
    pointers.set(event.pointerId, now)
    if (!drag.moved && Math.hypot(now[0] - drag.from[0], now[1] - drag.from[1]) < DRAG_PX) return
    drag.moved = true
    map.hover = null
    hideCard()
    const share = pointers.size
    map.pan((now[0] - before[0]) / share, (now[1] - before[1]) / share)
    if (share === 2) {
      const spread = spreadOf(pointers)
      if (drag.spread > 0 && spread > 0) map.zoomAt(spread / drag.spread, ...middleOf(pointers))
      drag.spread = spread
    }
  }
  const released = (event) => {
    if (!pointers.delete(event.pointerId)) return
    if (pointers.size || drag.moved || event.type === "pointercancel") {
      if (drag) drag.spread = spreadOf(pointers)
      return
    }
    const point = pickAt(map, ...place(event))
    if (event.pointerType === "touch") {
      map.hover = point
      map.paintOverlay()
      if (point === null) hideCard()
      else showCard(map.parts, map, point, true, () => map.pick(point))
    } else if (point !== null) {
      map.pick(point)
    }
  }
  overlay.onpointerup = released
  overlay.onpointercancel = released
  overlay.onpointerleave = (event) => {
    if (event.pointerType !== "touch") hoverAt(null)
  }
  overlay.addEventListener("wheel", (event) => {
    if (!map.g) return
    const factor = Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016))
    // Zoomed out to the whole map, the wheel scrolls the page on.
    if (factor < 1 && map.view.scale <= map.view.fitScale * 1.001) return
    event.preventDefault()
    hideCard()
    map.zoomAt(factor, ...place(event))
  }, { passive: false })

  const actions = {
    in: () => map.zoomAt(1.6, map.view.width / 2, map.view.height / 2),
    out: () => map.zoomAt(1 / 1.6, map.view.width / 2, map.view.height / 2),
    reset: () => map.fit(),
    query: () => map.goToQuery(),
  }
  tools.onclick = (event) => {
    const name = event.target.closest?.("button")?.dataset.tool
    if (!name || !map.g) return
    hideCard()
    actions[name]()
  }

  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }
  const named = { "+": "in", "=": "in", "-": "out", _: "out", 0: "reset", q: "query", Q: "query" }
  overlay.onkeydown = (event) => {
    if (!map.g || event.ctrlKey || event.metaKey || event.altKey) return
    if (steps[event.key]) {
      const from = map.cursor ?? map.queryPoint ?? map.nearestToMiddle()
      const next = map.cursor === null ? from : neighbourTowards(map, from, ...steps[event.key])
      if (next !== null) moveCursor(next)
    } else if (event.key === "Enter" || event.key === " ") {
      if (map.cursor !== null) map.pick(map.cursor)
    } else if (event.key === "Escape") {
      map.cursor = null
      hideCard()
      map.paintOverlay()
    } else if (named[event.key]) {
      hideCard()
      actions[named[event.key]]()
    } else {
      return
    }
    event.preventDefault()
  }
  const moveCursor = (point) => {
    map.cursor = point
    map.bringIntoView(point)
    map.paintOverlay()
    showCard(map.parts, map, point, false, null)
    const { title, lines } = describe(map.g, point, map)
    map.parts.spoken.textContent = `${title}. ${lines.join(". ")}. Enter makes it the query.`
  }
  overlay.onblur = () => {
    map.cursor = null
    if (!card.classList.contains("touch")) hideCard()
    map.paintOverlay()
  }
  return hideCard
}

function spreadOf(pointers) {
  const [a, b] = [...pointers.values()]
  return b ? Math.hypot(a[0] - b[0], a[1] - b[1]) : 0
}

function middleOf(pointers) {
  const [a, b] = [...pointers.values()]
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]
}
