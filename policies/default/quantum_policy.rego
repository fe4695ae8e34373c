# What an agent may run: simulators freely, named QPUs after a person's yes, nothing else.
#
# `allow` and `ask` are true only when every condition is stated by a present field of the right type,
# so a missing or misshapen field can only deny. Each condition that can fail has a reason beside it:
# a reason of effect `deny` vetoes and says what would pass. The broker takes the strictest of the three.
# Its limits are in data.json. Money is in millionths of a unit, time in seconds. Input: docs/spec/policy-input.md.
package quantum.workflow

# By device or by alias. What is no list names nothing, and a limit that is missing or no number is below every job: see whole.
named_qpus := data.limits.named_qpus if is_array(data.limits.named_qpus)

simulator_shots := data.limits.simulator_shots

qpu_shots := data.limits.qpu_shots

most_points := data.limits.most_points

qpu_micros := data.limits.qpu_micros

longest_s := data.limits.longest_s

envelope_jobs := data.limits.envelope_jobs

envelope_micros := data.limits.envelope_micros

envelope_s := data.limits.envelope_s

price_days := data.limits.price_days

default allow := false

allow if {
	job_sound
	input.device.kind == "simulator"
	quoted_free
	input.facts.simulatable == true
	input.session.containment in {"sandboxed", "uncontained"}
}

default ask := false

ask if {
	job_sound
	input.device.kind == "qpu"
	qpu_named
	input.device.limit == null
	simulated
	session_may_pay
	quoted_price
	affordable
	doubts_stated
	price_dated
}

reasons contains reason("allow", "simulator.free", message, null) if {
	allow
	message := sprintf("simulators are free, up to %d shots a point", [simulator_shots])
}

reasons contains reason("ask", "hardware.ask", message, null) if {
	input.device.kind == "qpu"
	price := [input.device.name, units(input.quote.amount_micros), input.quote.currency]
	message := sprintf("%s costs at most %s %s: a person decides", price)
}

# What every job must be, wherever it runs.

job_sound if {
	input.version == 2
	input.frozen == false
	is_string(input.backend)
	is_string(input.device.name)
	input.packages == []
	whole(input.time_limit_s, 1, longest_s)
	shots_within
	points_sound
	whole(input.facts.qubits, 0, input.device.max_qubits)
	artifacts_stored
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
	message := sprintf("packages named: %d; images that could hold them do not exist yet", [count(input.packages)])
	fix := "leave packages out"
}

reasons contains reason("deny", "time.limit", message, fix) if {
	not whole(input.time_limit_s, 1, longest_s)
	message := sprintf("time_limit_s %d is above %d", [input.time_limit_s, longest_s])
	fix := sprintf("ask for time_limit_s: %d", [longest_s])
}

# A simulator is free and stops by its time: its limit is of each point. Hardware's is of the whole job.
shot_limit := simulator_shots if input.device.kind == "simulator"

shot_limit := qpu_shots if input.device.kind == "qpu"

counted_shots := input.shots_per_point if input.device.kind == "simulator"

counted_shots := input.shots if input.device.kind == "qpu"

shots_within if whole(counted_shots, 1, shot_limit)

points_sound if {
	whole(input.points, 1, most_points)
	input.shots == input.shots_per_point * input.points
}

reasons contains reason("deny", "shots.limit", message, fix) if {
	not shots_within
	input.points == 1
	message := sprintf("%d shots: at most %d shots on %s", [input.shots, shot_limit, input.backend])
	fix := sprintf("ask for shots: %d", [shot_limit])
}

reasons contains reason("deny", "shots.limit", message, fix) if {
	not shots_within
	input.points > 1
	input.device.kind == "simulator"
	message := sprintf("%d shots at each point: at most %d on %s", [input.shots_per_point, shot_limit, input.backend])
	fix := sprintf("ask for shots: %d", [shot_limit])
}

reasons contains reason("deny", "shots.limit", message, fix) if {
	not shots_within
	input.points > 1
	input.device.kind == "qpu"
	message := sprintf("%d points of %d shots are %d: at most %d shots a job on %s", [input.points, input.shots_per_point, input.shots, shot_limit, input.backend])
	fix := sprintf("ask for shots: %d, which are of each point, or for fewer points", [max([1, floor(shot_limit / input.points)])])
}

reasons contains reason("deny", "points.limit", message, fix) if {
	not points_sound
	message := sprintf("%d points of %d shots, %d shots in all", [input.points, input.shots_per_point, input.shots])
	fix := sprintf("ask for 1 to %d points", [most_points])
}

reasons contains reason("deny", "device.qubits", message, fix) if {
	not whole(input.facts.qubits, 0, input.device.max_qubits)
	message := sprintf("the program uses %d qubits, %s has %d", [input.facts.qubits, input.backend, input.device.max_qubits])
	fix := sprintf("use at most %d qubits on %s", [input.device.max_qubits, input.backend])
}

artifacts_stored if {
	is_array(input.artifacts)
	count(input.artifacts) > 0
	every artifact in input.artifacts {
		startswith(artifact.digest, "sha256:")
		artifact.stored == true
	}
}

reasons contains reason("deny", "artifacts.unstored", message, fix) if {
	missing := sort([artifact.digest | some artifact in input.artifacts; not artifact.stored == true])
	message := sprintf("not in the store: %s", [missing[0]])
	fix := "put the bytes in the store first, then submit again"
}

# An envelope is asked for with the largest job inside; a job has none.
envelope_sound if input.envelope == null

envelope_sound if {
	whole(input.envelope.max_jobs, 1, envelope_jobs)
	whole(input.envelope.seconds, 1, envelope_s)
	envelope_money_sound
}

envelope_money_sound if {
	input.quote.kind == "free"
	input.envelope.max_amount_micros == null
}

envelope_money_sound if {
	input.quote.kind == "priced"
	whole(input.envelope.max_amount_micros, 1, envelope_micros)
}

reasons contains reason("deny", "envelope.limit", message, fix) if {
	not envelope_sound
	message := sprintf("an envelope of %d jobs, %s in all, for %d s", [input.envelope.max_jobs, envelope_money, input.envelope.seconds])
	fix := sprintf("ask for at most %d jobs, %s in all, %d s", [envelope_jobs, units(envelope_micros), envelope_s])
}

envelope_money := units(input.envelope.max_amount_micros) if is_number(input.envelope.max_amount_micros)

envelope_money := "no money" if not is_number(input.envelope.max_amount_micros)

# Simulators.

reasons contains reason("deny", "simulator.limit", message, fix) if {
	input.device.kind == "simulator"
	not input.facts.simulatable == true
	message := sprintf("no installed simulator can run this: %s", [substring(input.facts.simulator_limit, 0, 200)])
	fix := limit_fix(input.facts.simulator_limit)
}

# QPUs: which, after what, for whom.

qpu_named if input.device.name in named_qpus

qpu_named if input.backend in named_qpus

reasons contains reason("deny", "device.unnamed", message, fix) if {
	input.device.kind == "qpu"
	not qpu_named
	message := sprintf("the policy does not name the QPU %s", [substring(input.backend, 0, 64)])
	fix := sprintf("use one of these backends: simulator, %s", [concat(", ", sort(named_qpus))])
}

# With too many shots the device's own limit is of a job that cannot run anyway.
reasons contains reason("deny", "device.limit", message, fix) if {
	input.device.kind == "qpu"
	shots_within
	message := sprintf("%s cannot run this: %s", [input.backend, substring(input.device.limit, 0, 200)])
	fix := limit_fix(input.device.limit)
}

simulated if input.facts.simulated_before == true

simulated if cannot_be_simulated

cannot_be_simulated if {
	input.facts.simulated_before == false
	input.facts.simulatable == false
	is_string(input.facts.simulator_limit)
}

reasons contains reason("deny", "simulate.first", message, fix) if {
	input.device.kind == "qpu"
	not simulated
	message := "this program has not completed on a simulator yet"
	fix := "run it on simulator first: same code_blob, backend simulator"
}

reasons contains reason("ask", "simulate.impossible", message, null) if {
	input.device.kind == "qpu"
	cannot_be_simulated
	message := sprintf("not simulated before, no installed simulator can run it: %s", [substring(input.facts.simulator_limit, 0, 200)])
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
	fix := "use a sandboxed session, or backend practice-qpu or simulator"
}

# Money.

quoted_free if {
	input.quote.kind == "free"
	input.quote.amount_micros == 0
	input.quote.currency == null
}

quoted_price if {
	input.quote.kind == "priced"
	input.quote.amount_micros > 0
	currency_fits
}

# XTS, the code ISO 4217 keeps for testing, is practice money: it pays for practice devices and for nothing else.
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
	input.device.kind == "simulator"
	not quoted_free
	message := sprintf("a simulator cannot have a quote that is %s, %s", [input.quote.kind, units(input.quote.amount_micros)])
	fix := "list the simulator as free"
}

reasons contains reason("deny", "quote.mismatch", message, fix) if {
	input.device.kind == "qpu"
	not quoted_price
	message := sprintf("%s cannot have a quote that is %s, %s %s", [input.backend, input.quote.kind, units(input.quote.amount_micros), input.quote.currency])
	fix := "correct the price list: a QPU has a price above zero, a practice device in XTS, another in real money"
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
	shots_within
	is_number(input.max_cost)
	not within_max_cost
	message := sprintf("the quote of %s is above max_cost %s", [units(input.quote.amount_micros), units(input.max_cost_micros)])
	fix := sprintf("ask for fewer shots, or for max_cost: %s", [units(input.quote.amount_micros)])
}

# Every budget that the job counts in holds it, and there is one.
affordable if {
	whole(input.quote.amount_micros, 1, qpu_micros)
	is_array(input.budgets)
	count(input.budgets) > 0
	every budget in input.budgets {
		budget.frozen == false
		whole(budget.needs_micros, 1, budget.remaining_micros)
	}
}

reasons contains reason("deny", "budget.none", message, fix) if {
	input.device.kind == "qpu"
	count(input.budgets) == 0
	message := sprintf("no budget in %s covers this job", [input.quote.currency])
	fix := "ask a person for one: dewar budget set"
}

reasons contains reason("deny", "budget.frozen", message, fix) if {
	input.device.kind == "qpu"
	frozen := sort([budget.id | some budget in input.budgets; not budget.frozen == false])
	count(frozen) > 0
	message := sprintf("a bill above its reservation has frozen %s", [concat(", ", frozen)])
	fix := "a person looks at the overrun, then runs: dewar budget thaw; simulators stay free"
}

reasons contains reason("deny", "budget.currency", message, fix) if {
	input.device.kind == "qpu"
	some budget in input.budgets
	not budget_comparable(budget)
	message := sprintf("no rate of today between %s and %s, the currency of the budget %s", [input.quote.currency, budget.currency, budget.id])
	fix := sprintf("use a device priced in %s, or ask a person to add a rate to rates.json", [budget.currency])
}

budget_comparable(budget) if {
	is_number(budget.needs_micros)
	is_number(budget.remaining_micros)
}

# With too many shots the price is of a job that cannot run anyway: then only shots.limit speaks.
reasons contains reason("deny", "cost.job", message, fix) if {
	input.device.kind == "qpu"
	shots_within
	not whole(input.quote.amount_micros, 1, qpu_micros)
	message := sprintf("the quote of %s is above %s, the policy's limit a job", [units(input.quote.amount_micros), units(qpu_micros)])
	fix := cheaper(qpu_micros, input.quote.currency)
}

reasons contains reason("deny", "budget.limit", message, fix) if {
	input.device.kind == "qpu"
	shots_within
	some budget in input.budgets
	budget_comparable(budget)
	budget.needs_micros > budget.remaining_micros
	left := max([budget.remaining_micros, 0])
	message := sprintf("the quote of %s is above %s %s, what is left of the budget %s", [units(budget.needs_micros), units(left), budget.currency, budget.id])
	fix := cheaper(left, budget.currency)
}

# A limit says why, then after its last semicolon what would pass.
limit_fix(limit) := substring(parts[count(parts) - 1], 0, 200) if {
	parts := split(limit, "; ")
	count(parts) > 1
}

limit_fix(limit) := "change the program or the shots until this limit holds" if {
	not contains(limit, "; ")
}

cheaper(micros, currency) := sprintf("ask for fewer shots: a quote of at most %s %s passes", [units(micros), currency]) if micros > 0

cheaper(micros, _) := "nothing is left to spend: use simulator, or ask a person about the budget" if micros == 0

# What the broker could not make sure of: shown to the person by name, though hardware asks anyway.

doubts_stated if {
	input.facts.confidence in {"exact", "upper-bound", "unknown"}
	is_boolean(input.facts.unbounded_loop)
	is_boolean(input.facts.pulse)
	is_array(input.facts.pragmas)
	is_array(input.facts.externs)
	is_array(input.facts.inputs)
}

price_dated if whole(input.quote.age_days, 0, price_days)

price_dated if price_old

price_old if whole(input.quote.age_days, price_days + 1, 100000)

# A practice price is what it is, whenever it was written down.
reasons contains reason("ask", "price.old", message, null) if {
	input.device.practice == false
	price_old
	message := sprintf("the price is %d days old", [input.quote.age_days])
}

reasons contains reason("ask", "facts.confidence", message, null) if {
	input.device.kind == "qpu"
	input.facts.confidence == "unknown"
	message := "the broker could not work out what this program does: its counts are no bound"
}

reasons contains reason("ask", "facts.unbounded_loop", message, null) if {
	input.device.kind == "qpu"
	input.facts.unbounded_loop == true
	message := "the program has a loop without a bound"
}

reasons contains reason("ask", "facts.pulse", message, null) if {
	input.device.kind == "qpu"
	input.facts.pulse == true
	message := "the program has pulse or calibration blocks"
}

reasons contains reason("ask", "facts.pragmas", message, null) if {
	input.device.kind == "qpu"
	first := substring(input.facts.pragmas[0], 0, 60)
	message := sprintf("pragmas the broker does not know: %d, the first: %s", [count(input.facts.pragmas), first])
}

reasons contains reason("ask", "facts.externs", message, null) if {
	input.device.kind == "qpu"
	number := count(input.facts.externs)
	number > 0
	message := sprintf("functions outside the program: %d", [number])
}

reasons contains reason("ask", "facts.inputs", message, null) if {
	input.device.kind == "qpu"
	number := count(input.facts.inputs)
	number > 0
	message := sprintf("inputs whose values are not in the program: %d", [number])
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
