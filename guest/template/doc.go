// Package template is the template language of wasmsql.
package template
