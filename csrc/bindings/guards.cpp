// What must be as it was when a step was recorded, looked at before every replay.
#include <pybind11/pybind11.h>

#include <vector>

#include "bindings/families.h"

namespace pydl {
namespace {

namespace py = pybind11;

// What a weak reference leads to; null where that is gone.
py::object referent(const py::object& reference) {
#if PY_VERSION_HEX >= 0x030D0000
  PyObject* object = nullptr;
  if (PyWeakref_GetRef(reference.ptr(), &object) < 0) PyErr_Clear();
  return py::reinterpret_steal<py::object>(object);
#else
  const py::handle object = PyWeakref_GET_OBJECT(reference.ptr());
  return object.is_none() ? py::object() : py::reinterpret_borrow<py::object>(object);
#endif
}

class Guards {
 public:
  // getattr(object, name) is `expected`. The object is held weakly: once it is gone, the step reads another.
  void add_attribute(py::object object, py::str name, py::object expected) {
    attributes_.push_back({py::weakref(object), std::move(name), std::move(expected)});
  }
  // entries[key] is `expected`.
  void add_item(py::dict entries, py::object key, py::object expected) {
    items_.push_back({std::move(entries), std::move(key), std::move(expected)});
  }
  // list[i] is `expected`.
  void add_element(py::list list, Py_ssize_t i, py::object expected) {
    elements_.push_back({std::move(list), i, std::move(expected)});
  }
  // The list or dict has so many entries.
  void add_size(py::object container, Py_ssize_t size) { sizes_.emplace_back(std::move(container), size); }

  // Whether all is as it was.
  bool hold() const {
    for (const Entry& e : attributes_) {
      const py::object object = referent(e.holder);
      if (!object) return false;
      const auto value = py::reinterpret_steal<py::object>(PyObject_GetAttr(object.ptr(), e.name.ptr()));
      if (!value) PyErr_Clear();
      if (value.ptr() != e.expected.ptr()) return false;
    }
    for (const Entry& e : items_) {
      const PyObject* const value = PyDict_GetItemWithError(e.holder.ptr(), e.name.ptr());
      if (!value) PyErr_Clear();
      if (value != e.expected.ptr()) return false;
    }
    for (const auto& [container, size] : sizes_)
      if (PyObject_Size(container.ptr()) != size) return false;
    for (const Element& e : elements_)
      if (e.index >= PyList_GET_SIZE(e.list.ptr()) ||
          PyList_GET_ITEM(e.list.ptr(), e.index) != e.expected.ptr())
        return false;
    return true;
  }

  size_t size() const { return attributes_.size() + items_.size() + elements_.size() + sizes_.size(); }

 private:
  struct Entry {
    py::object holder, name, expected;
  };

  struct Element {
    py::list list;
    Py_ssize_t index;
    py::object expected;
  };

  std::vector<Entry> attributes_, items_;
  std::vector<Element> elements_;
  std::vector<std::pair<py::object, Py_ssize_t>> sizes_;
};

}  // namespace

void bind_guards(py::module_& m) {
  py::class_<Guards>(m, "Guards")
      .def(py::init<>())
      .def("add_attribute", &Guards::add_attribute)
      .def("add_item", &Guards::add_item)
      .def("add_element", &Guards::add_element)
      .def("add_size", &Guards::add_size)
      .def("hold", &Guards::hold)
      .def("__len__", &Guards::size);
}

}  // namespace pydl
