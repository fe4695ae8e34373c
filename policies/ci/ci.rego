# For CI: named sessions and projects, simulators, and by night one small run on a practice QPU. It never asks, for nobody is there to answer: what would ask is denied.
#
# `allow` is true only when every condition is stated by a present field of the right type; each that can fail has a reason that says what would pass.
# Its names and limits are in data.json: a limit that is missing or no number is below every job (see whole). Money is in millionths of a unit.
package quantum.workflow

ci := data.ci

default allow := false

allow if {
	job_sound
	input.device.kind == "simulator"
	input.quote.kind == "free"
	whole(input.shots_per_point, 1, ci.simulator_shots)
}

allow if {
	job_sound
	input.device.kind == "qpu"
	input.device.practice == true
	nightly_named
	input.lane == "batch"
	by_night
	whole(input.shots, 1, ci.nightly.shots)
	input.quote.currency == "XTS"
	whole(input.quote.amount_micros, 1, ci.nightly.job_micros)
	within_max_cost
	undoubted
	input.anomalies == []
}

job_sound if {
	input.frozen == false
	input.packages == []
	input.envelope == null
	input.device.limit == null
	session_listed
	whole(input.time_limit_s, 1, ci.longest_s)
	whole(input.points, 1, ci.most_points)
}

reasons contains reason("allow", "ci.allowed", message, null) if {
	allow
	message := sprintf("session %s may run this on %s", [input.session.name, input.device.name])
}

reasons contains reason("deny", "broker.frozen", message, fix) if {
	not input.frozen == false
	message := "the broker is frozen: nothing runs"
	fix := "wait until a person has run: dewar thaw"
}

reasons contains reason("deny", "packages.unavailable", message, fix) if {
	not input.packages == []
	message := "packages are named; images that could hold them do not exist yet"
	fix := "leave packages out"
}

reasons contains reason("deny", "envelope.unattended", message, fix) if {
	not input.envelope == null
	message := "an envelope waits for a person, and CI has none"
	fix := "submit the jobs themselves, without an envelope"
}

reasons contains reason("deny", "device.limit", message, fix) if {
	message := sprintf("%s cannot run this: %s", [input.backend, substring(input.device.limit, 0, 200)])
	fix := "change the program or the shots until this limit holds"
}

sessions := names(ci.sessions)

projects := names(ci.projects)

names(list) := [name | some name in list; is_string(name)] if is_array(list)

session_listed if {
	input.session.name in sessions
	input.session.project in projects
}

reasons contains reason("deny", "session.unlisted", message, fix) if {
	not session_listed
	message := sprintf("session %s of project %s is none of CI's", [input.session.name, project])
	fix := sprintf("use a session of these: %s, of a project of these: %s; a person lists more in data.json", [concat(", ", sessions), concat(", ", projects)])
}

project := input.session.project if is_string(input.session.project)

project := "(none)" if input.session.project == null

reasons contains reason("deny", "time.limit", message, fix) if {
	not whole(input.time_limit_s, 1, ci.longest_s)
	message := sprintf("time_limit_s %d is above %d", [input.time_limit_s, ci.longest_s])
	fix := sprintf("ask for time_limit_s: %d", [ci.longest_s])
}

reasons contains reason("deny", "points.limit", message, fix) if {
	not whole(input.points, 1, ci.most_points)
	message := sprintf("%d points are above %d", [input.points, ci.most_points])
	fix := sprintf("ask for at most %d points", [ci.most_points])
}

reasons contains reason("deny", "shots.limit", message, fix) if {
	input.device.kind == "simulator"
	not whole(input.shots_per_point, 1, ci.simulator_shots)
	message := sprintf("%d shots a point are above %d", [input.shots_per_point, ci.simulator_shots])
	fix := sprintf("ask for shots: %d", [ci.simulator_shots])
}

# The run by night.

nightly_named if input.device.name in names(ci.nightly.backends)

reasons contains reason("deny", "hardware.unlisted", message, fix) if {
	input.device.kind == "qpu"
	not nightly_named
	message := sprintf("CI may not use %s", [input.backend])
	fix := "use backend: simulator"
}

reasons contains reason("deny", "hardware.paid", message, fix) if {
	input.device.kind == "qpu"
	not practice_money
	message := sprintf("%s is no practice device with a price in practice money, and nobody is asked in CI", [input.backend])
	fix := "use backend: simulator"
}

practice_money if {
	input.device.practice == true
	input.quote.currency == "XTS"
}

reasons contains reason("deny", "hardware.lane", message, fix) if {
	input.device.kind == "qpu"
	not input.lane == "batch"
	message := "CI uses a QPU in the lane batch only"
	fix := "ask for lane: batch"
}

# From an hour to an hour, over midnight where the first is the greater; never where they are equal.
by_night if hours_from(ci.nightly.from, input.time.hour) < hours_from(ci.nightly.from, ci.nightly.to)

hours_from(start, hour) := ((hour - start) + 24) % 24 if every one in [start, hour] { whole(one, 0, 23) }

reasons contains reason("deny", "hardware.hours", message, fix) if {
	input.device.kind == "qpu"
	not by_night
	message := sprintf("CI uses a QPU from %d to %d o'clock only", [ci.nightly.from, ci.nightly.to])
	fix := sprintf("submit it after %d o'clock (%s), or use backend: simulator", [ci.nightly.from, input.time.zone])
}

reasons contains reason("deny", "shots.limit", message, fix) if {
	input.device.kind == "qpu"
	not whole(input.shots, 1, ci.nightly.shots)
	message := sprintf("%d shots on a QPU are above %d", [input.shots, ci.nightly.shots])
	fix := sprintf("ask for shots: %d, in all points together", [ci.nightly.shots])
}

reasons contains reason("deny", "cost.job", message, fix) if {
	input.device.kind == "qpu"
	not whole(input.quote.amount_micros, 1, ci.nightly.job_micros)
	message := sprintf("the quote is %s: a job on a QPU costs more than nothing and at most %s", [units(input.quote.amount_micros), units(ci.nightly.job_micros)])
	fix := cheaper(input.quote.amount_micros)
}

cheaper(micros) := "ask for fewer shots" if micros > 0

cheaper(micros) := "correct the price list: a QPU has a price" if micros == 0

within_max_cost if {
	input.max_cost == null
	input.max_cost_micros == null
}

within_max_cost if {
	is_number(input.max_cost)
	whole(input.quote.amount_micros, 0, input.max_cost_micros)
}

reasons contains reason("deny", "cost.max_cost", message, fix) if {
	input.device.kind == "qpu"
	not within_max_cost
	message := sprintf("the quote of %s is above max_cost", [units(input.quote.amount_micros)])
	fix := sprintf("ask for fewer shots, or for max_cost: %s", [units(input.quote.amount_micros)])
}

# What a person would be told of.
undoubted if {
	input.facts.confidence in {"exact", "upper-bound"}
	input.facts.unbounded_loop == false
	input.facts.pulse == false
	input.facts.pragmas == []
	input.facts.externs == []
	input.facts.inputs == []
}

reasons contains reason("deny", "facts.doubtful", message, fix) if {
	input.device.kind == "qpu"
	not undoubted
	message := "the program has what a person should see first: no bound, pulses, pragmas, externs or inputs without a value"
	fix := "use backend: simulator, or run it from a session whose policy asks a person"
}

reasons contains reason("deny", "anomalies.unattended", message, fix) if {
	input.device.kind == "qpu"
	not input.anomalies == []
	message := sprintf("unlike this session's jobs so far (%s), and nobody is asked in CI", [concat(", ", input.anomalies)])
	fix := "run it once from a session whose policy asks a person, or use backend: simulator"
}

reason(effect, rule, message, fix) := {"rule": rule, "effect": effect, "message": message, "fix": fix}

# Rego orders values of different types too (null < 1 < "1"), so a comparison alone is no check; floor has a value for numbers only.
whole(value, low, high) if {
	value == floor(value)
	high == floor(high)
	value >= low
	value <= high
}

# Millionths as a decimal with two digits or more after the point: 1221600 is 1.2216.
units(micros) := sprintf("%d.%s%s", [floor(micros / 1000000), substring(digits, 0, 2), trim_right(substring(digits, 2, 4), "0")]) if {
	digits := sprintf("%06d", [micros % 1000000])
}
