// OPA as compiler, checker, formatter, test runner and oracle: one JSON request in, one JSON answer out, for a JavaScript worker.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"syscall/js"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	astjson "github.com/open-policy-agent/opa/v1/ast/json"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/compile"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/lineage"
	"github.com/open-policy-agent/opa/v1/util"
	"github.com/open-policy-agent/opa/v1/version"
)

// The functions a policy may call: those that its WebAssembly engine has. Nothing compiles, and nothing is tested, with more.
//
//go:embed capabilities.json
var capabilitiesJSON []byte

var (
	capabilities  *ast.Capabilities
	parserOptions ast.ParserOptions
)

func main() {
	var err error
	if capabilities, err = ast.LoadCapabilitiesJSON(bytes.NewReader(capabilitiesJSON)); err != nil {
		panic(err)
	}
	parserOptions = ast.ParserOptions{Capabilities: capabilities, RegoVersion: ast.RegoV1}
	js.Global().Set("dewarOpaVersion", version.Version)
	// In a goroutine of its own: a handler that blocks would stop the event loop. A panic ends the program, and so the worker.
	js.Global().Set("dewarOpa", js.FuncOf(func(_ js.Value, args []js.Value) any {
		text, done := args[0].String(), args[1]
		go func() { done.Invoke(reply(text)) }()
		return nil
	}))
	select {}
}

func reply(text string) string {
	var asked request
	var given answer
	if err := util.UnmarshalJSON([]byte(text), &asked); err != nil {
		given.Errors = faults(err)
	} else if err := asked.answer(&given); err != nil {
		given = answer{Errors: faults(err)}
	}
	out, err := json.Marshal(given)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func (asked request) answer(given *answer) error {
	ctx := context.Background()
	switch asked.Op {
	case "format":
		return asked.format(given)
	case "check":
		return asked.check(given)
	case "compile":
		return asked.compile(ctx, given)
	case "test":
		return asked.test(ctx, given)
	case "eval":
		return asked.eval(ctx, given)
	case "parse":
		return asked.parse(given)
	}
	return fmt.Errorf("no operation %q", asked.Op)
}

func (asked request) parsed() (map[string]*ast.Module, error) {
	var errs ast.Errors
	modules := map[string]*ast.Module{}
	for _, name := range util.KeysSorted(asked.Modules) {
		module, err := ast.ParseModuleWithOpts(name, asked.Modules[name], parserOptions)
		var several ast.Errors
		if errors.As(err, &several) {
			errs = append(errs, several...)
		} else if err != nil {
			errs = append(errs, &ast.Error{Code: ast.ParseErr, Message: err.Error(), Location: &ast.Location{File: name, Row: 1, Col: 1}})
		} else if module == nil {
			errs = append(errs, &ast.Error{Code: ast.ParseErr, Message: "empty module", Location: &ast.Location{File: name, Row: 1, Col: 1}})
		}
		modules[name] = module
	}
	if len(errs) > 0 {
		return nil, errs
	}
	return modules, nil
}

func (asked request) compiler(print bool) *ast.Compiler {
	compiler := ast.NewCompiler().WithCapabilities(capabilities).WithEnablePrintStatements(print).WithDefaultRegoVersion(ast.RegoV1)
	if asked.Schema != nil {
		schemas := ast.NewSchemaSet()
		schemas.Put(ast.SchemaRootRef, asked.Schema)
		compiler = compiler.WithSchemas(schemas).WithUseTypeCheckAnnotations(true)
	}
	return compiler
}

func (asked request) compiled(strict bool) (*ast.Compiler, error) {
	modules, err := asked.parsed()
	if err != nil {
		return nil, err
	}
	compiler := asked.compiler(false).WithStrict(strict)
	if compiler.Compile(modules); compiler.Failed() {
		return nil, compiler.Errors
	}
	return compiler, nil
}

// The strict check, with the schema applied to `input`; and what each module declares, by full path.
func (asked request) check(given *answer) error {
	compiler, err := asked.compiled(true)
	if err != nil {
		return err
	}
	given.Packages, given.Rules = map[string]string{}, map[string][]string{}
	for name, module := range compiler.Modules {
		given.Packages[name] = module.Package.Path.String()
		for _, rule := range module.Rules {
			given.Rules[name] = append(given.Rules[name], rule.Ref().GroundPrefix().String())
		}
		slices.Sort(given.Rules[name])
		given.Rules[name] = slices.Compact(given.Rules[name])
	}
	return nil
}

func (asked request) format(given *answer) error {
	given.Modules = map[string]string{}
	for name, text := range asked.Modules {
		formatted, err := format.SourceWithOpts(name, []byte(text), format.Opts{RegoVersion: ast.RegoV1, ParserOptions: &parserOptions})
		if err != nil {
			return err
		}
		given.Modules[name] = string(formatted)
	}
	return nil
}

func (asked request) compile(ctx context.Context, given *answer) error {
	modules, err := asked.parsed()
	if err != nil {
		return err
	}
	source := &bundle.Bundle{Data: map[string]any{}}
	source.SetRegoVersion(ast.RegoV1)
	source.Manifest.Init()
	for _, name := range util.KeysSorted(modules) {
		source.Modules = append(source.Modules, bundle.ModuleFile{URL: name, Path: name, Parsed: modules[name], Raw: []byte(asked.Modules[name])})
	}
	compiler := compile.New().WithBundle(source).WithRegoVersion(ast.RegoV1).WithCapabilities(capabilities).WithTarget(compile.TargetWasm).WithEntrypoints(asked.Entrypoints...)
	if err := compiler.Build(ctx); err != nil {
		return err
	}
	given.Wasm = compiler.Bundle().WasmModules[0].Raw
	return nil
}

func (asked request) parse(given *answer) error {
	every := astjson.NodeToggle{Term: true, Expr: true, Rule: true, Import: true}
	astjson.SetOptions(astjson.Options{MarshalOptions: astjson.MarshalOptions{IncludeLocation: every, ExcludeLocationFile: true}})
	modules, err := asked.parsed()
	given.Parsed = map[string]any{}
	for name, module := range modules {
		given.Parsed[name] = module
	}
	return err
}

// Every `test_` rule; those that fail run once more, for what failed in them.
func (asked request) test(ctx context.Context, given *answer) error {
	results, err := asked.runTests(ctx, "", false)
	if err != nil {
		return err
	}
	var failed []string
	for _, result := range results {
		if !result.Pass() && !result.Skip {
			failed = append(failed, "^"+regexp.QuoteMeta(result.Package+"."+result.Name)+"$")
		}
	}
	traces := map[string]string{}
	if len(failed) > 0 {
		again, err := asked.runTests(ctx, strings.Join(failed[:min(len(failed), 5)], "|"), true)
		if err != nil {
			return err
		}
		for _, result := range again {
			traces[result.Package+"."+result.Name] = pretty(lineage.Fails(result.Trace))
		}
	}
	for _, result := range results {
		full := result.Package + "." + result.Name
		one := testResult{Name: full, File: result.Location.File, Row: result.Location.Row, Passed: result.Pass(), Skipped: result.Skip, Output: string(result.Output), Trace: traces[full]}
		if result.Error != nil {
			one.Error = result.Error.Error()
		}
		given.Tests = append(given.Tests, one)
	}
	slices.SortFunc(given.Tests, func(a, b testResult) int {
		return strings.Compare(fmt.Sprintf("%s:%09d:%s", a.File, a.Row, a.Name), fmt.Sprintf("%s:%09d:%s", b.File, b.Row, b.Name))
	})
	return nil
}

func (asked request) runTests(ctx context.Context, filter string, trace bool) ([]*tester.Result, error) {
	modules, err := asked.parsed()
	if err != nil {
		return nil, err
	}
	store := inmem.NewFromObject(orEmpty(asked.Data))
	txn, err := store.NewTransaction(ctx)
	if err != nil {
		return nil, err
	}
	defer store.Abort(ctx, txn)
	runner := tester.NewRunner().SetCompiler(request{}.compiler(true)).SetStore(store).SetModules(modules).SetParallel(1).SetTimeout(time.Minute).EnableTracing(trace).Filter(filter)
	stream, err := runner.RunTests(ctx, txn)
	if err != nil {
		return nil, err
	}
	var results []*tester.Result
	for result := range stream {
		results = append(results, result)
	}
	return results, nil
}

// One query over many inputs. An input that cannot be answered is an error of its own.
func (asked request) eval(ctx context.Context, given *answer) error {
	compiler, err := asked.compiled(false)
	if err != nil {
		return err
	}
	query, err := rego.New(rego.Query(asked.Query), rego.Compiler(compiler), rego.Store(inmem.NewFromObject(orEmpty(asked.Data)))).PrepareForEval(ctx)
	if err != nil {
		return err
	}
	for _, input := range asked.Inputs {
		options := []rego.EvalOption{rego.EvalInput(input)}
		tracer := topdown.NewBufferTracer()
		if asked.Trace {
			// Without the index, or a rule that it rules out leaves no trace.
			options = append(options, rego.EvalQueryTracer(tracer), rego.EvalRuleIndexing(false), rego.EvalEarlyExit(false))
		}
		one := value{None: true}
		results, err := query.Eval(ctx, options...)
		if err != nil {
			one = value{Error: err.Error()}
		} else if len(results) > 0 {
			one = value{Result: results[0].Expressions[0].Value}
		}
		if asked.Trace {
			one.Trace = pretty(lineage.Fails(*tracer))
		}
		given.Values = append(given.Values, one)
	}
	return nil
}
