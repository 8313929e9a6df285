"""compare_export.py STORE RUN REPORT BYTES.onnx FLOAT.onnx BEST.safetensors

What unmask-eval exported, against its own report: the probabilities that onnxruntime (else onnx's
reference evaluator) computes on the validation rows, whole and one by one, and the weights. Exit 77
with a reason when neither evaluator is installed."""
import json
import struct
import sys

try:
    import h5py
    import numpy
    try:
        import onnxruntime
        kind = "onnxruntime " + onnxruntime.__version__

        def evaluator(path):
            session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
            return session.run, session.get_modelmeta().custom_metadata_map
    except ImportError:
        import onnx
        import onnx.reference
        kind = "onnx.reference " + onnx.__version__

        def evaluator(path):
            model = onnx.load(path)
            onnx.checker.check_model(model, full_check=True)
            notes = {p.key: p.value for p in model.metadata_props}
            return onnx.reference.ReferenceEvaluator(model).run, notes
except ImportError as missing:
    print(f"no {missing.name} for {sys.executable}")
    sys.exit(77)

TOLERANCE = 1e-6  # float32 sums in another order
store, run, report = (h5py.File(path) for path in sys.argv[1:4])
frames = store["val/frames"][:]
expected = report["predictions/probability"][:]
inputs = frames, (frames / numpy.float32(255)).transpose(0, 3, 1, 2).astype("float32")
for path, data in zip(sys.argv[4:6], inputs):
    score, notes = evaluator(path)
    probability, logit = score(["probability", "logit"], {"frames": data})
    single, = score(["probability"], {"frames": data[:1]})
    worst = numpy.abs(probability - expected).max()
    print(f"{path}: {kind}: {worst:.1e} on {len(expected)} frames")
    assert probability.dtype == logit.dtype == "float32" and probability.shape == expected.shape
    assert worst <= TOLERANCE and abs(single[0] - expected[0]) <= TOLERANCE
    assert numpy.abs(1 / (1 + numpy.exp(-logit)) - expected).max() <= TOLERANCE
    assert expected.std() > 0.01, "all frames score alike: this compares nothing"
    assert notes["content_hash"] == store.attrs["content_hash"].decode()
    assert notes["positive_class"] == "fake"

with open(sys.argv[6], "rb") as file:
    header = json.loads(file.read(*struct.unpack("<Q", file.read(8))))
    slab = file.read()
assert header.pop("__metadata__")["run_checksum"] == run.attrs["checksum"].decode()
weights = {f"{layer}/{kind}": values[()] for layer, kinds in run["best"].items()
           for kind, values in kinds.items()}
assert sorted(header) == sorted(name.replace("/", ".") for name in weights)
for name, weight in weights.items():
    facts = header[name.replace("/", ".")]
    assert facts["dtype"] == "F32" and tuple(facts["shape"]) == weight.shape, name
    assert slab[slice(*facts["data_offsets"])] == weight.astype("<f4").tobytes(), name
