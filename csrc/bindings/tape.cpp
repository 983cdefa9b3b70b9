// Tapes as Python has them, and what a binding tells the tape that records.
#include "core/tape.h"

#include <pybind11/stl.h>

#include <optional>
#include <unordered_set>
#include <utility>

#include "bindings/arrays.h"
#include "bindings/families.h"

namespace pydl {
namespace {

std::shared_ptr<void> shared(py::handle object) {
  return std::shared_ptr<PyObject>(object.inc_ref().ptr(), [](PyObject* o) {
    const py::gil_scoped_acquire gil;
    Py_DECREF(o);
  });
}

class PyTape : public Tape {
 public:
  explicit PyTape(py::object array_type) : array_type(std::move(array_type)) {}

  // Memory beyond the tape's own that replays change, and functions that renew an operation's numbers.
  py::list written, numbers;
  py::object array_type;  // of results
  std::unordered_set<PyObject*> known;
};

void begin(PyTape& tape) {
  if (recording()) fail<TypeError>("record", "no other recording on this thread", "one");
  set_recording(&tape);
}

void end(PyTape& tape) {
  if (recording() != &tape) return;
  tape.finish();
  set_recording(nullptr);
}

// A function of Python as an operation.
void add_call(PyTape& tape, py::object function) {
  tape.add([kept = shared(function)] {
    const py::gil_scoped_acquire gil;
    const auto result =
        py::reinterpret_steal<py::object>(PyObject_CallNoArgs(static_cast<PyObject*>(kept.get())));
    if (!result) throw py::error_already_set();
  });
}

int add_stream(PyTape& tape, uint64_t seed, uint64_t offset) {
  tape.streams.push_back({seed, offset, 0});
  return static_cast<int>(tape.streams.size()) - 1;
}

void replay(PyTape& tape, const std::vector<std::pair<uint64_t, uint64_t>>& streams) {
  for (size_t i = 0; i < tape.streams.size(); ++i)
    tape.streams[i] = {streams.at(i).first, streams[i].second, 0};
  auto run = [&tape] { tape.replay(); };
  run_kernel(INT64_MAX, run);
}

}  // namespace

void note_used(Tape& tape, py::handle array, const View& view) {
  auto& own = static_cast<PyTape&>(tape);
  if (!own.arena().owns(view.data) && own.known.insert(array.ptr()).second) own.keep(shared(array));
}

void note_written(Tape& tape, py::handle array, const View& view) {
  auto& own = static_cast<PyTape&>(tape);
  if (!own.arena().owns(view.data)) own.written.append(array);
}

void note_numbers(Tape& tape, py::object renew) { static_cast<PyTape&>(tape).numbers.append(renew); }

PyTypeObject* array_type(Tape& tape) {
  return reinterpret_cast<PyTypeObject*>(static_cast<PyTape&>(tape).array_type.ptr());
}

void bind_tape(py::module_& m) {
  py::class_<PyTape>(m, "Tape")
      .def(py::init<py::object>(), py::arg("array_type"))
      .def("begin", &begin)
      .def("end", &end)
      .def("add_call", &add_call)
      .def("add_stream", &add_stream)
      .def("use_stream", [](PyTape& tape, int i) { tape.current = i; })
      .def("replay", &replay)
      .def("owns",
           [](PyTape& tape, py::handle array) {
             return tape.arena().owns(py::reinterpret_borrow<py::array>(array).data());
           })
      .def("note_written",
           [](PyTape& tape, py::handle array) {
             if (!tape.arena().owns(py::reinterpret_borrow<py::array>(array).data()))
               tape.written.append(array);
           })
      .def("living",
           [](PyTape& tape) {
             py::list arrays;  // of bytes, which do not keep the memory
             for (const auto& [data, bytes] : tape.arena().living())
               arrays.append(py::array_t<uint8_t>(static_cast<py::ssize_t>(bytes),
                                                  reinterpret_cast<uint8_t*>(data),
                                                  py::capsule(data, [](void*) {})));
             return arrays;
           })
      .def("rest", [](PyTape& tape) { tape.arena().rest(); })
      .def("__len__", &Tape::size)
      .def_readonly("done", &PyTape::done)
      .def_readonly("joined", &PyTape::joined)
      .def_property_readonly("bytes", [](PyTape& tape) { return tape.arena().size(); })
      .def_readonly("written", &PyTape::written)
      .def_readonly("numbers", &PyTape::numbers);
}

}  // namespace pydl
