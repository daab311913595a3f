// Every sentence of the player in English, by message id. To translate the player, translate this
// table. `{name}` is filled in, `==…==` is lit, `~~…~~` steps back. Where a sentence depends on a
// number, it has one form for each of one, two and other (chosen by `count`).
const WORDS = {
  "amount.none": "nothing (None)",
  "amount.one": "{number}",
  "amount.uniform": "{number} everywhere",
  "amount.uniform.each": "{number} each, everywhere",
  "amount.one.each": "{number} each",
  "amount.zeros": "zeros everywhere",
  "amount.zeros.each": "zeros everywhere",
  "amount.list": "{numbers}",
  "amount.list.each": "{numbers} each",
  "amount.range.each": "{shape} numbers from {low} to {high} each",
  "amount.range": "{shape} numbers from {low} to {high}",
  "amount.range.brief": "{shape} numbers",
  "amount.nan": {
    "one": "{shape} numbers, one of them NaN",
    "two": "{shape} numbers, two of them NaN",
    "other": "{shape} numbers, {count} of them NaN"
  },
  "amount.unknown": "{shape} numbers that were not kept",
  "amount.several": "{count} of {of} cotangents",
  "scalar": "a scalar",
  "earlier": "an earlier {name}",

  "rest.root": "{root} is {value}, and nothing has flowed back yet. ~~{call} comes next.~~",
  "rest.call": "Nothing has flowed back yet. ~~{call} comes next.~~",
  "rest.none": "No backward has run: this is the graph that torch recorded, at rest.",
  "rest.empty": "torch recorded no graph: no tensor here requires grad.",
  "rest.note": "This call has no steps to show. {text}",
  "forward": "Forward: {label} gives =={value}==.",

  "begins": "{function} starts with v = {vector}.",
  "gathered": {
    "two": "Both parts have arrived at {label} and add up to {sum}.",
    "other": "All {count} parts have arrived at {label} and add up to {sum}."
  },
  "sends.nothing": "{label} gets {got} and sends nothing on.",
  "sends.none": "{label} gets {got} and sends None.",
  "sends.one": "{label} gets {got:brief} and sends =={amount}== to {target}.",
  "sends.many": "{label} gets {got:brief} and sends {parts}.",
  "then.one": "It sends =={amount}== to {target}.",
  "then.many": "It sends {parts}.",
  "sends.part": "=={amount:brief}== to {target}",
  "sends.each": {
    "two": "{label} uses {used} twice, so it sends two parts of {derivative}: =={amount:each}.==",
    "other": "{label} uses {used} {count} times, so it sends {count} parts of {derivative}: =={amount:each}.=="
  },
  "sends.parts": {
    "two": "{label} uses {used} twice, so it sends two parts of {derivative}: =={parts}.==",
    "other": "{label} uses {used} {count} times, so it sends {count} parts of {derivative}: =={parts}.=="
  },
  "sends.gate": {
    "one": "{label} passes its cotangent on to {target} and blocks a part of it: ==1 of {of} numbers becomes 0.==",
    "other": "{label} passes its cotangent on to {target} and blocks a part of it: =={count} of {of} numbers become 0.=="
  },
  "waits": "~~{target} has {got} of {count} and waits.~~",
  "waited": {
    "two": "~~{target} waits for both.~~",
    "other": "~~{target} waits for all {count}.~~"
  },
  "complete": {
    "two": "~~Now {target} has both parts.~~",
    "other": "~~Now {target} has all {count} parts.~~"
  },

  "bead.shape": "{name} gives the cotangent its old shape back: =={before} becomes {after}.== ~~No number changes.~~",
  "bead.same": "{name} passes the cotangent on: =={after}, as it came.==",
  "bead.moved": "{name} puts each number back in its old place: =={after}.== ~~No number changes.~~",
  "bead.sum": "{name} had made copies, so it adds up what they got: =={before} becomes {after}, {amount}.==",
  "bead.none": "{name} gets None and passes None on.",

  "leaf.first": "{leaf}.grad was None; now it holds =={after}.==",
  "leaf.first.sum": {
    "two": "Both uses of {leaf} have reported. Its .grad was None; now it holds their sum: =={after}.==",
    "other": "All {count} uses of {leaf} have reported. Its .grad was None; now it holds their sum: =={after}.=="
  },
  "leaf.added": "{leaf}.grad held {before}. This call adds {added}, so now it holds =={after}.==",
  "leaf.added.sum": {
    "two": "Both uses of {leaf} have reported. {leaf}.grad held {before}; their sum {added} is added, so now it holds =={after}.==",
    "other": "All {count} uses of {leaf} have reported. {leaf}.grad held {before}; their sum {added} is added, so now it holds =={after}.=="
  },
  "leaf.none": "{leaf} got None, so {leaf}.grad stays None.",

  "failed.node": "{label} fails, and the backward stops here. torch says: ==“{text}”==",
  "failed.start": "This backward fails before any node has run. torch says: ==“{text}”==",
  "program.failed": "The program stopped with {type}: “{text}”",

  "call.backward": "backward {number}",
  "call.grad": "grad {number}",
  "call.other": "{kind} {number}",
  "call.none": "no backward",

  "panel.program": "Program",
  "panel.why": "Why this number",
  "panel.saved": "Saved for the backward",
  "panel.arrived": "arrived: {derivative}",
  "panel.part": "part {number} of {count}, from {source}",
  "panel.sent": "sent to {target}",
  "panel.nothing.rest": "Press Play or → to send the first cotangent.",
  "panel.nothing.none": "No backward has run, so no number has come back.",
  "panel.nothing.sent": "AccumulateGrad sends nothing on: it adds into .grad.",
  "panel.nothing.saved": "This node keeps nothing: its backward needs no forward value.",
  "panel.nothing.selected": "Here stands what the node of each step had kept.",
  "panel.before": "before",
  "panel.added": "added",
  "panel.after": "after",
  "panel.sum": "sum",
  "panel.freed": "torch frees this right after the step.",
  "panel.block": "a cell for {rows}×{columns}, the largest",

  "count.arrived": "{got} of {of}",
  "count.arrived.bucket": "{got} of {of} arrived",
  "count.sum": "sum {number}",
  "count.summed": "summed",
  "keeps.nothing": "keeps nothing",
  "no.grad": "no grad",
  "seed.vector": "v = {vector}",
  "returned": "returned",
  "none": "None",

  "legend.cotangent": "cotangent",
  "legend.zero": "zero",
  "legend.none": "None",
  "legend.empty": "not yet",
  "legend.saved": "saved",
  "legend.freed": "freed",

  "timeline.forward": "forward, {count} ops",
  "timeline.forward.one": "forward, 1 op",
  "timeline.call": "{title}, {count} steps",
  "timeline.call.one": "{title}, 1 step",
  "step.of": "{step} of {count}",
  "step.rest": "at rest",
  "step.forward": "forward",

  "button.start": "To start",
  "button.back": "Step back",
  "button.play": "Play",
  "button.pause": "Pause",
  "button.forward": "Step forward",
  "button.speed": "Speed",
  "button.fit": "Fit",
  "button.follow": "Follow",
  "button.present": "Present",
  "button.help": "Help",
  "range.step": "Step",
  "select.call": "Call",
  "graph": "Graph of the backward pass",
  "help": [
    ["→  ←", "one step forward, back"],
    ["Space", "play, pause"],
    ["Home  End", "at rest, last step"],
    ["F", "camera: fit all, or follow the step"],
    ["P", "present, full screen"],
    ["Drag, wheel", "move and zoom the graph; double click fits it again"],
    ["Click a node", "go to its step"]
  ],
  "help.note": "A cotangent is what flows back along an edge: the derivative of the root, seen from there. Orange is positive, blue is negative, yellow is now. When a node sends several tiles they leave one after the other; that is a drawing convention, torch passes them on at once."
};
