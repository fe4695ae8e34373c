// The shape of a question and of its answer, and how errors and traces become part of one.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

const traceLines = 60

type request struct {
	Op          string            `json:"op"`
	Modules     map[string]string `json:"modules"`
	Schema      any               `json:"schema"`
	Data        map[string]any    `json:"data"`
	Entrypoints []string          `json:"entrypoints"`
	Query       string            `json:"query"`
	Inputs      []any             `json:"inputs"`
	Trace       bool              `json:"trace"`
}

type fault struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	File    string `json:"file"`
	Row     int    `json:"row"`
	Col     int    `json:"col"`
}

type testResult struct {
	Name    string `json:"name"`
	File    string `json:"file"`
	Row     int    `json:"row"`
	Passed  bool   `json:"passed"`
	Skipped bool   `json:"skipped,omitempty"`
	Error   string `json:"error,omitempty"`
	Output  string `json:"output,omitempty"`
	Trace   string `json:"trace,omitempty"`
}

type value struct {
	Result any    `json:"result,omitempty"`
	None   bool   `json:"none,omitempty"`
	Error  string `json:"error,omitempty"`
	Trace  string `json:"trace,omitempty"`
}

type answer struct {
	Errors   []fault             `json:"errors"`
	Packages map[string]string   `json:"packages,omitempty"`
	Rules    map[string][]string `json:"rules,omitempty"`
	Modules  map[string]string   `json:"modules,omitempty"`
	Wasm     []byte              `json:"wasm,omitempty"`
	Tests    []testResult        `json:"tests,omitempty"`
	Values   []value             `json:"values,omitempty"`
	Parsed   map[string]any      `json:"parsed,omitempty"`
}

func orEmpty(data map[string]any) map[string]any {
	if data == nil {
		return map[string]any{}
	}
	return data
}

func pretty(events []*topdown.Event) string {
	var out bytes.Buffer
	topdown.PrettyTraceWithLocation(&out, events)
	lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	if len(lines) > traceLines {
		lines = append(lines[:traceLines], fmt.Sprintf("… and %d lines more", len(lines)-traceLines))
	}
	return strings.Join(lines, "\n")
}

func faults(err error) []fault {
	var several ast.Errors
	if !errors.As(err, &several) {
		return []fault{{Code: "opa_error", Message: err.Error()}}
	}
	var list []fault
	for _, one := range several {
		found := fault{Code: one.Code, Message: one.Message}
		if one.Details != nil {
			found.Message = strings.TrimSpace(found.Message + "\n" + strings.Join(one.Details.Lines(), "\n"))
		}
		if one.Location != nil {
			found.File, found.Row, found.Col = one.Location.File, one.Location.Row, one.Location.Col
		}
		list = append(list, found)
	}
	return list
}
