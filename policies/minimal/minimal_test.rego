# The same promises as cases.json, in Rego: `opa test` runs them, and so does Dewar before it takes the policy.
package quantum.workflow_test

import data.quantum.workflow

job := {
	"backend": "ibmq_qpu_1", "shots": 1024, "max_cost": 5, "max_cost_micros": 5000000, "packages": [], "frozen": false,
	"device": {"kind": "qpu", "practice": true, "limit": null}, "quote": {"amount_micros": 1221600},
}

test_a_small_job_runs if workflow.allow with input as job

test_a_price_above_max_cost_does_not if not workflow.allow with input as object.union(job, {"quote": {"amount_micros": 5000001}})

test_real_hardware_does_not if not workflow.allow with input as object.union(job, {"device": {"practice": false}})

test_no_field_may_be_missing if {
	every field in object.keys(job) {
		not workflow.allow with input as object.remove(job, [field])
	}
}

test_no_field_may_be_null if {
	every field in object.keys(job) {
		not workflow.allow with input as object.union(job, {field: null})
	}
}
