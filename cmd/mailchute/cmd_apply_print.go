package main

import (
	"fmt"
	"reflect"
	"strings"

	"mailchute/pkg/library"
)

// difference is one change: something that is added, or one of its values that changes.
type difference struct {
	Action  string `json:"action"` // add or change
	Kind    string `json:"kind"`   // setting, site, user, group, library or grant
	Name    string `json:"name"`
	Setting string `json:"setting"` // what of it changes; "" where that is all of it
	From    any    `json:"from"`
	To      any    `json:"to"`
	DryRun  bool   `json:"dry_run"`
	shown   string // what people read of something that is added
}

// line returns what people read: "~ library invoices: overwrite false -> true".
func (d difference) line() string {
	if d.Action == "add" {
		line := "+ " + d.Kind + " " + d.Name
		if d.shown != "" {
			line += ": " + d.shown
		}
		return line
	}
	change := showValue(d.Setting, d.From) + " -> " + showValue(d.Setting, d.To)
	return fmt.Sprintf("~ %s %s: %s", d.Kind, d.Name, strings.TrimSpace(d.Setting+" "+change))
}

// differencesOf are those of something that was there, or that is new.
func differencesOf(kind, name string, there bool, was, is any) []difference {
	if there {
		return alterations(kind, name, was, is)
	}
	return []difference{addition(kind, name, was, is)}
}

// addition is the difference where made is new; of what it has, people read what an empty
// one has not.
func addition(kind, name string, empty, made any) difference {
	var words []string
	for _, d := range alterations(kind, name, empty, made) {
		words = append(words, d.Setting+" "+showValue(d.Setting, d.To))
	}
	return difference{Action: "add", Kind: kind, Name: name, To: made, shown: strings.Join(words, ", ")}
}

// alterations are the differences between the fields of two records of the same type.
func alterations(kind, name string, before, after any) (all []difference) {
	was, is := reflect.ValueOf(before), reflect.ValueOf(after)
	for i := range was.NumField() {
		from, to := was.Field(i).Interface(), is.Field(i).Interface()
		if !reflect.DeepEqual(from, to) {
			setting := was.Type().Field(i).Tag.Get("json")
			all = append(all, difference{Action: "change", Kind: kind, Name: name, Setting: setting, From: from, To: to})
		}
	}
	return all
}

// valueOf returns the field of a record by its name in JSON; nil where there is none.
func valueOf(record any, name string) any {
	v := reflect.ValueOf(record)
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("json") == name {
			return v.Field(i).Interface()
		}
	}
	return nil
}

// showValue writes the value of a setting for people.
func showValue(setting string, v any) string {
	switch v := v.(type) {
	case []string:
		return or(strings.Join(v, " "), `""`)
	case int64:
		if setting == "max_file_size" || setting == "max_message_size" {
			return library.FormatSize(v)
		}
	}
	return or(fmt.Sprint(v), `""`)
}
