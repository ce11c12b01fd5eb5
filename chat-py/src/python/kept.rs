//! What is asked of Python once and kept: attributes of modules, and names.
//!
//! *A fork*: pyo3's own ways to do so (`PyOnceLock`, `intern!`) let go of Python while they are being filled. Whoever forks in another thread
//! at that moment leaves the child with one that is being filled by nobody, and waits for it for ever. Here a thread is attached from before
//! a cell begins to be filled until it is full, and a fork is made by a thread that is attached: there is nothing in between. Python's own
//! imports are such a thing too, so the modules are imported with the package.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyInt, PySequence, PyString, PyTuple};

use super::hooks::Deny;

/// An attribute of a module, imported when it is first asked for.
pub(crate) struct Attribute {
    module: &'static str,
    name: &'static str,
    kept: PyOnceLock<Py<PyAny>>,
}

impl Attribute {
    pub(crate) const fn new(module: &'static str, name: &'static str) -> Self {
        Self { module, name, kept: PyOnceLock::new() }
    }

    pub(crate) fn get<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        if let Some(kept) = self.kept.get(py) {
            return Ok(kept.bind(py));
        }
        // Several threads may come here at once; they find the same.
        let found = py.import(self.module)?.getattr(self.name)?;
        Ok(fill(py, &self.kept, found.unbind()).bind(py))
    }
}

/// A name that is looked up again and again.
pub(crate) struct Name {
    text: &'static str,
    kept: PyOnceLock<Py<PyString>>,
}

impl Name {
    pub(crate) const fn new(text: &'static str) -> Self {
        Self { text, kept: PyOnceLock::new() }
    }

    pub(crate) fn get<'py>(&self, py: Python<'py>) -> &Bound<'py, PyString> {
        let kept = match self.kept.get(py) {
            Some(kept) => kept,
            None => fill(py, &self.kept, PyString::intern(py, self.text).unbind()),
        };
        kept.bind(py)
    }
}

/// Puts a value into a cell, unless another one is there already; attached all the while.
fn fill<'a, T>(py: Python<'_>, cell: &'a PyOnceLock<Py<T>>, value: Py<T>) -> &'a Py<T> {
    let _ = cell.set(py, value);
    cell.get(py).unwrap_or_else(|| unreachable!("a cell that was filled is full"))
}

/// Has pyo3 fill those of its own cells that are used here, while the module is being imported: nobody can be caught by them then.
pub(crate) fn fill_those_of_pyo3(py: Python<'_>) -> PyResult<()> {
    let _ = PyTuple::empty(py).try_iter()?.size_hint();
    let class = py.get_type::<PyInt>();
    class.name()?;
    class.qualname()?;
    class.module()?;
    class.fully_qualified_name()?;
    let _ = py.get_type::<PySequence>();
    // An argument of a wrong kind: the error, and what is added to it.
    if let Err(error) = py.get_type::<Deny>().call1((0,)) {
        let _ = error.value(py);
    }
    Ok(())
}
