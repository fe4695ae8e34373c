# For a lab that shares devices: limits for each user and each project, hours without people, and the lab's own QPU before one elsewhere. Hardware asks a person.
#
# `allow` and `ask` are true only when every condition is stated by a present field of the right type; each that can fail has a reason that says what would pass.
# Names and limits are in data.json: a limit that is missing or no number is below every job (see whole). Money is in millionths of a unit.
package quantum.workflow

lab := data.lab

default allow := false

allow if {
	job_sound
	input.device.kind == "simulator"
	input.quote.kind == "free"
	whole(input.shots_per_point, 1, lab.simulator_shots)
}

default ask := false

ask if {
	job_sound
	input.device.kind == "qpu"
	every party in parties { usable(party, input.device.name, input.backend) }
	every party in parties { whole(input.shots, 1, party.limits.shots) }
	every party in parties { whole(input.quote.amount_micros, 1, party.limits.job_micros) }
	simulated
	session_may_pay
	currency_fits
	affordable
	staffed
	nearest
	is_array(unusual)
}

reasons contains reason("allow", "simulator.free", message, null) if {
	allow
	message := sprintf("simulators are free, up to %d shots a point", [lab.simulator_shots])
}

reasons contains reason("ask", "hardware.ask", message, null) if {
	input.device.kind == "qpu"
	message := sprintf("%s costs at most %s %s: a person decides", [input.device.name, units(input.quote.amount_micros), input.quote.currency])
}

job_sound if {
	input.frozen == false
	input.packages == []
	input.device.limit == null
	user_known
	project_known
	whole(input.time_limit_s, 1, lab.longest_s)
	whole(input.points, 1, lab.most_points)
	within_max_cost
	envelope_sound
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

reasons contains reason("deny", "device.limit", message, fix) if {
	message := sprintf("%s cannot run this: %s", [input.backend, substring(input.device.limit, 0, 200)])
	fix := "change the program or the shots until this limit holds"
}

reasons contains reason("deny", "time.limit", message, fix) if {
	not whole(input.time_limit_s, 1, lab.longest_s)
	message := sprintf("time_limit_s %d is above %d", [input.time_limit_s, lab.longest_s])
	fix := sprintf("ask for time_limit_s: %d", [lab.longest_s])
}

reasons contains reason("deny", "points.limit", message, fix) if {
	not whole(input.points, 1, lab.most_points)
	message := sprintf("%d points are above %d", [input.points, lab.most_points])
	fix := sprintf("ask for at most %d points", [lab.most_points])
}

reasons contains reason("deny", "shots.limit", message, fix) if {
	input.device.kind == "simulator"
	not whole(input.shots_per_point, 1, lab.simulator_shots)
	message := sprintf("%d shots a point are above %d", [input.shots_per_point, lab.simulator_shots])
	fix := sprintf("ask for shots: %d", [lab.simulator_shots])
}

# Who asks. A job without a project counts for its user alone; one with a project must be within the limits of both.

user_limits := lab.users[input.session.user]

project_limits := lab.projects[input.session.project]

user_known if is_object(user_limits)

project_known if input.session.project == null

project_known if is_object(project_limits)

parties := array.concat([{"who": sprintf("user %s", [input.session.user]), "limits": user_limits}], of_project)

of_project := [] if input.session.project == null

of_project := [{"who": sprintf("project %s", [input.session.project]), "limits": project_limits}]

reasons contains reason("deny", "user.unknown", message, fix) if {
	not user_known
	message := sprintf("the policy knows no user %s", [substring(input.session.user, 0, 64)])
	fix := "a person adds the user to data.json of the policy"
}

reasons contains reason("deny", "project.unknown", message, fix) if {
	not project_known
	message := sprintf("the policy knows no project %s", [substring(input.session.project, 0, 64)])
	fix := "use a session of a known project; a person adds one to data.json of the policy"
}

# By device or by alias.
usable(party, device, _) if device in backends_of(party)

usable(party, _, backend) if backend in backends_of(party)

backends_of(party) := [name | some name in party.limits.backends; is_string(name)] if is_array(party.limits.backends)

reasons contains reason("deny", "device.unlisted", message, fix) if {
	input.device.kind == "qpu"
	some party in parties
	not usable(party, input.device.name, input.backend)
	message := sprintf("%s is not among the backends of %s", [substring(input.backend, 0, 64), party.who])
	fix := sprintf("use one of these backends: %s", [concat(", ", array.concat(["simulator"], backends_of(party)))])
}

reasons contains reason("deny", "shots.limit", message, fix) if {
	input.device.kind == "qpu"
	some party in parties
	not whole(input.shots, 1, party.limits.shots)
	message := sprintf("%d shots are above %d, the limit of %s", [input.shots, party.limits.shots, party.who])
	fix := sprintf("ask for shots: %d, in all points together", [party.limits.shots])
}

reasons contains reason("deny", "cost.job", message, fix) if {
	input.device.kind == "qpu"
	some party in parties
	not whole(input.quote.amount_micros, 1, party.limits.job_micros)
	message := sprintf("the quote is %s: a job of %s on a QPU costs more than nothing and at most %s", [units(input.quote.amount_micros), party.who, units(party.limits.job_micros)])
	fix := cheaper(input.quote.amount_micros)
}

cheaper(micros) := "ask for fewer shots" if micros > 0

cheaper(micros) := "correct the price list: a QPU has a price" if micros == 0

# When. Batch jobs may wait for people, so they may be submitted at any hour.

staffed if input.lane == "batch"

staffed if {
	input.lane == "interactive"
	whole(input.time.weekday, 1, 7)
	every day in rest_days { day != input.time.weekday }
	hours_from(lab.quiet.from, input.time.hour) >= hours_from(lab.quiet.from, lab.quiet.to)
}

days_listed := lab.quiet.days if is_array(lab.quiet.days)

rest_days := days_listed if every day in days_listed { whole(day, 1, 7) }

hours_from(start, hour) := ((hour - start) + 24) % 24 if every one in [start, hour] { whole(one, 0, 23) }

reasons contains reason("deny", "quiet.hours", message, fix) if {
	input.device.kind == "qpu"
	not staffed
	message := sprintf("nobody is there on day %d of the week at %d o'clock (%s)", [input.time.weekday, input.time.hour, input.time.zone])
	fix := sprintf("ask for lane: batch, or submit on a working day between %d and %d o'clock", [lab.quiet.to, lab.quiet.from])
}

# Where. A QPU in the house that could run this and that user and project may have comes before one elsewhere, which is denied or, where both say so, asked about.

in_house := input.on_premises_qpus if is_array(input.on_premises_qpus)

house_named if every name in in_house { is_string(name) }

nearer := [name | some name in in_house; every party in parties { usable(party, name, name) }] if house_named

nearest if input.device.on_premises == true

nearest if {
	input.device.on_premises == false
	nearer == []
}

nearest if {
	input.device.on_premises == false
	is_array(nearer)
	every party in parties { party.limits.elsewhere == "ask" }
}

reasons contains reason("deny", "device.nearer", message, fix) if {
	input.device.kind == "qpu"
	not nearest
	message := sprintf("%s is elsewhere, and %s in the house could run this", [input.backend, concat(", ", nearer)])
	fix := sprintf("use backend: %s", [nearer[0]])
}

reasons contains reason("ask", "device.nearer", message, null) if {
	input.device.kind == "qpu"
	input.device.on_premises == false
	nearest
	count(nearer) > 0
	message := sprintf("%s is elsewhere, and %s in the house could run this", [input.backend, concat(", ", nearer)])
}

# After what, and for what money.

simulated if input.facts.simulated_before == true

simulated if input.facts.simulatable == false

reasons contains reason("deny", "simulate.first", message, fix) if {
	input.device.kind == "qpu"
	not simulated
	message := "this program has not completed on a simulator yet"
	fix := "run it on simulator first: same code_blob, backend simulator"
}

session_may_pay if input.session.containment == "sandboxed"

session_may_pay if {
	input.session.containment == "uncontained"
	input.device.practice == true
}

reasons contains reason("deny", "session.uncontained", message, fix) if {
	input.device.kind == "qpu"
	not session_may_pay
	message := sprintf("%s is a paid device and the session is uncontained", [input.backend])
	fix := "use a sandboxed session, or a practice device"
}

# XTS is practice money: it pays for practice devices and for nothing else.
currency_fits if {
	input.device.practice == true
	input.quote.currency == "XTS"
}

currency_fits if {
	input.device.practice == false
	is_string(input.quote.currency)
	input.quote.currency != "XTS"
}

reasons contains reason("deny", "quote.mismatch", message, fix) if {
	input.device.kind == "qpu"
	not currency_fits
	message := sprintf("%s cannot have a quote in %s", [input.backend, input.quote.currency])
	fix := "correct the price list: a practice device in XTS, another in real money"
}

within_max_cost if {
	input.max_cost == null
	input.max_cost_micros == null
}

within_max_cost if {
	is_number(input.max_cost)
	whole(input.quote.amount_micros, 0, input.max_cost_micros)
}

reasons contains reason("deny", "cost.max_cost", message, fix) if {
	is_number(input.max_cost)
	not within_max_cost
	message := sprintf("the quote of %s is above max_cost %s", [units(input.quote.amount_micros), units(input.max_cost_micros)])
	fix := sprintf("ask for fewer shots, or for max_cost: %s", [units(input.quote.amount_micros)])
}

# Every budget that the job counts in holds it, and there is one.
affordable if {
	is_array(input.budgets)
	count(input.budgets) > 0
	every budget in input.budgets {
		budget.frozen == false
		whole(budget.needs_micros, 1, budget.remaining_micros)
	}
}

reasons contains reason("deny", "budget.short", message, fix) if {
	input.device.kind == "qpu"
	not affordable
	message := sprintf("the quote of %s %s is above what its budgets have left, or one of them is frozen, or there is none", [units(input.quote.amount_micros), input.quote.currency])
	fix := "ask for fewer shots, use simulator, or ask a person to look at: dewar budget"
}

# An envelope is asked for with the largest job inside; a job has none.
envelope_sound if input.envelope == null

envelope_sound if {
	whole(input.envelope.max_jobs, 1, lab.envelope.jobs)
	whole(input.envelope.seconds, 1, lab.envelope.seconds)
	envelope_money_sound
}

envelope_money_sound if {
	input.quote.kind == "free"
	input.envelope.max_amount_micros == null
}

envelope_money_sound if {
	input.quote.kind == "priced"
	whole(input.envelope.max_amount_micros, 1, lab.envelope.micros)
}

reasons contains reason("deny", "envelope.limit", message, fix) if {
	not envelope_sound
	message := sprintf("an envelope of %d jobs for %d s is more than the lab gives, or its money is", [input.envelope.max_jobs, input.envelope.seconds])
	fix := sprintf("ask for at most %d jobs, %s in all, %d s", [lab.envelope.jobs, units(lab.envelope.micros), lab.envelope.seconds])
}

# What a person is told of: everything unlike the session's jobs so far that the lab lists.

unusual := [anomaly | some anomaly in input.anomalies; anomaly in lab.anomalies] if every list in [input.anomalies, lab.anomalies] { is_array(list) }

reasons contains reason("ask", "anomalies.seen", message, null) if {
	input.device.kind == "qpu"
	count(unusual) > 0
	message := sprintf("unlike this session's jobs so far: %s", [concat(", ", unusual)])
}

reasons contains reason("ask", "facts.doubtful", message, null) if {
	input.device.kind == "qpu"
	not bounded
	message := "the broker could not bound what this program does, or it has pulses, pragmas, externs or inputs without a value"
}

bounded if {
	input.facts.confidence in {"exact", "upper-bound"}
	input.facts.unbounded_loop == false
	input.facts.pulse == false
	input.facts.pragmas == []
	input.facts.externs == []
	input.facts.inputs == []
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
