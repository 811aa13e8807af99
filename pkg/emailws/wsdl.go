package emailws

import (
	"bytes"
	_ "embed"
	"fmt"
	"text/template"

	"mailchute/pkg/directory"
)

//go:embed service.wsdl.tmpl
var serviceTemplate string

var service = template.Must(template.New("service.wsdl").Parse(serviceTemplate))

// schemaType is a type of a parameter as the description names it, and how often an element
// of it must be there.
type schemaType struct{ Type, Min string }

var schemaTypes = map[kind]schemaType{
	str:          {"s:string", "0"},
	info:         {"tns:RequestInfo", "0"},
	names:        {"tns:ArrayOfString", "0"},
	number:       {"s:int", "1"},
	truth:        {"s:boolean", "1"},
	guid:         {"g:guid", "1"},
	contactFlags: {"tns:ContactFlags", "1"},
	groupFlags:   {"tns:DistributionGroupFlags", "1"},
}

// description is what the template of the description needs.
type description struct {
	Namespace, Types string
	Address          string // escaped
	Operations       []describedOperation
	Info, Response   []describedElement
	Flags, Statuses  []string
	Ports            []describedPort
}

type describedOperation struct {
	Name               string
	Parameters, Result []describedElement
}

type describedElement struct {
	Name string
	schemaType
}

type describedPort struct{ Name, Prefix string }

// WSDL returns the description of the service (WSDL 1.1) at an address, with a port for each
// version of SOAP. Names, types and order are those of SharePoint's.
func WSDL(address string) []byte {
	var escaped, b bytes.Buffer
	escape(&escaped, address)
	d := description{
		Namespace: Namespace, Types: "http://microsoft.com/wsdl/types/", Address: escaped.String(),
		Info: described(infoParameters),
		Response: []describedElement{
			{"JobID", schemaTypes[number]},
			{"Comment", schemaTypes[str]},
			{"JobStatus", schemaType{"tns:RequestStatus", "1"}},
			{"Alias", schemaTypes[str]},
		},
		Flags: []string{flagNone, flagRequireAuth},
		Ports: []describedPort{{"SharepointEmailWSSoap", "soap"}, {"SharepointEmailWSSoap12", "soap12"}},
	}
	for s := directory.StatusSuccess; s <= directory.StatusInternalError; s++ {
		d.Statuses = append(d.Statuses, s.String())
	}
	for _, op := range operations {
		result := describedElement{string(op.name) + "Result", schemaType{"tns:RequestResponse", "0"}}
		if op.bare {
			result.schemaType = schemaType{"tns:RequestStatus", "1"}
		}
		d.Operations = append(d.Operations, describedOperation{string(op.name), described(op.parameters), []describedElement{result}})
	}
	if err := service.Execute(&b, d); err != nil {
		panic(fmt.Sprintf("the description of the service: %v", err)) // the template does not fit its data
	}
	return b.Bytes()
}

func described(list []parameter) (all []describedElement) {
	for _, p := range list {
		all = append(all, describedElement{p.name, schemaTypes[p.kind]})
	}
	return all
}
