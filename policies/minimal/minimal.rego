# Simulators, and small jobs on one practice QPU. Short, to be read whole and to begin from.
#
# What it allows runs at once: it asks nobody, on a QPU neither. So its QPU must be a practice device, which costs practice money and touches no hardware.
# Whoever takes that line out lets agents spend real money, within the budgets, without a person's yes: write a rule `ask` for it instead.
# Every comparison stands beside an is_number, because Rego orders null below every number. A field that is missing makes its line false, never true.
package quantum.workflow

default allow := false

allow if {
	possible
	input.backend == "simulator"
	input.device.kind == "simulator"
}

allow if {
	possible
	input.backend == "ibmq_qpu_1"
	input.device.practice == true
	is_number(input.max_cost)
	input.max_cost <= 10
	is_number(input.quote.amount_micros)
	is_number(input.max_cost_micros)
	input.quote.amount_micros <= input.max_cost_micros
}

possible if {
	input.frozen == false
	input.packages == []
	input.device.limit == null
	is_number(input.shots)
	input.shots <= 10000
}
