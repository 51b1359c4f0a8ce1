using System.Buffers.Binary;
using System.Text;
using static TorchSharp.torch;

namespace Dmkd.Core.Tensors;

/// <summary>The names that mean something in a kind of pickle, and what "calling" each one gives.</summary>
internal abstract class PickleVocabulary
{
    /// <summary>Who writes such pickles, for messages.</summary>
    public abstract string Writer { get; }

    /// <summary>Why a name is refused, for messages.</summary>
    public abstract string WhyRefused { get; }

    /// <summary>Longer bytes are passed by.</summary>
    public virtual int LongestBytes => PickleBytes.MaxCount;

    /// <summary>Longer texts in UTF-8 are refused.</summary>
    public virtual int LongestText => PickleLimits.TextBytes;

    /// <summary>Looks a name up.</summary>
    /// <returns>The global, or a <see cref="PickleOpaque"/>; null when it is refused.</returns>
    public abstract object? Find(string module, string name);

    /// <summary>What the call of a global gives.</summary>
    /// <returns>The value, or null when the global is not callable or takes no such arguments.</returns>
    public abstract object? Call(PickleGlobal global, object?[] arguments);

    /// <summary>Gives a value its state.</summary>
    /// <returns>Whether it takes such a state.</returns>
    public abstract bool Build(object? target, object? state);
}

/// <summary>
/// The names of <c>torch.save</c>. What could only be meant to do harm is refused by name; everything else is opaque,
/// and so is all that is made of it.
/// </summary>
internal sealed class PickleGlobals : PickleVocabulary
{
    public static PickleVocabulary Vocabulary { get; } = new PickleGlobals();

    public override string Writer => "torch.save";

    public override string WhyRefused => "no network needs it, and it runs programs in whoever loads this file";

    private static readonly Dictionary<string, ScalarType> StorageTypes = new(StringComparer.Ordinal)
    {
        ["torch.DoubleStorage"] = ScalarType.Float64,
        ["torch.FloatStorage"] = ScalarType.Float32,
        ["torch.HalfStorage"] = ScalarType.Float16,
        ["torch.BFloat16Storage"] = ScalarType.BFloat16,
        ["torch.LongStorage"] = ScalarType.Int64,
        ["torch.IntStorage"] = ScalarType.Int32,
        ["torch.ShortStorage"] = ScalarType.Int16,
        ["torch.CharStorage"] = ScalarType.Int8,
        ["torch.ByteStorage"] = ScalarType.Byte,
        ["torch.BoolStorage"] = ScalarType.Bool,
    };

    private static readonly HashSet<string> TypeNames = new(StringComparer.Ordinal)
    {
        "torch.float64",
        "torch.float32",
        "torch.float16",
        "torch.bfloat16",
        "torch.int64",
        "torch.int32",
        "torch.int16",
        "torch.int8",
        "torch.uint8",
        "torch.bool",
    };

    /// <summary>Each callable: its arguments to its value, or null when the arguments are none it takes.</summary>
    private static readonly Dictionary<string, Func<object?[], object?>> Callables = new(StringComparer.Ordinal)
    {
        ["collections.OrderedDict"] = OrderedDictionary,
        ["torch._utils._rebuild_tensor"] = Tensor,
        ["torch._utils._rebuild_tensor_v2"] = Tensor,
        ["torch._utils._rebuild_parameter"] = Parameter,
        ["torch._utils._rebuild_parameter_with_state"] = Parameter,
        ["torch._tensor._rebuild_from_type_v2"] = arguments =>
            arguments is [PickleGlobal rebuild, _, PickleTuple inner, ..] ? Made(rebuild, inner.Items) : null,
        ["collections.defaultdict"] = _ => new PickleDictionary(isOrdered: true),
        ["numpy.dtype"] = arguments => arguments is [string type, ..] ? new PickleOther($"numpy {type}") : null,
        ["numpy.core.multiarray.scalar"] = NumpyScalar,
        ["numpy._core.multiarray.scalar"] = NumpyScalar,
        ["torch.Size"] = arguments => arguments is [PickleTuple sizes] ? sizes : null,
        ["torch.device"] = Device,
        ["builtins.set"] = _ => new PickleOther("set"),
        ["builtins.frozenset"] = _ => new PickleOther("frozenset"),
        ["builtins.bytes"] = _ => new PickleOther("bytes"),
        ["builtins.bytearray"] = _ => new PickleOther("bytearray"),
        ["_codecs.encode"] = Latin1, // how protocol 2 writes bytes
    };

    /// <summary>Modules that no checkpoint needs, and every attack does.</summary>
    private static readonly HashSet<string> ForbiddenModules = new(StringComparer.Ordinal)
    {
        "os",
        "posix",
        "nt",
        "subprocess",
        "sys",
        "socket",
        "shutil",
        "importlib",
        "runpy",
        "pty",
        "commands",
        "ctypes",
        "webbrowser",
        "code",
        "codeop",
        "pdb",
        "asyncio",
        "multiprocessing",
        "urllib",
        "requests",
    };

    private static readonly HashSet<string> ForbiddenNames = new(StringComparer.Ordinal)
    {
        "builtins.eval",
        "builtins.exec",
        "builtins.execfile",
        "builtins.compile",
        "builtins.open",
        "builtins.file",
        "builtins.input",
        "builtins.breakpoint",
        "builtins.__import__",
        "torch.load",
        "torch.jit.load",
    };

    public override object? Find(string module, string name)
    {
        string full = $"{(module == "__builtin__" ? "builtins" : module)}.{name}"; // Python 2's spelling
        if (TypeNames.Contains(full))
            return full; // a dtype is metadata like any text
        if (StorageTypes.ContainsKey(full) || Callables.ContainsKey(full))
            return new PickleGlobal(full);
        bool isForbidden = ForbiddenNames.Contains(full) || ForbiddenModules.Contains(full.Split('.', 2)[0]);
        return isForbidden ? null : new PickleOpaque(full);
    }

    public override bool Build(object? target, object? state) =>
        target is PickleOpaque
        || target is PickleOther { Kind: var kind } && kind.StartsWith("numpy ", StringComparison.Ordinal)
        // PyTorch hangs version numbers of modules on the OrderedDict; they say nothing about the weights.
        || target is PickleDictionary { IsOrdered: true } && state is PickleDictionary;

    public override object? Call(PickleGlobal global, object?[] arguments) => Made(global, arguments);

    private static object? Made(PickleGlobal global, object?[] arguments)
    {
        if (!Callables.TryGetValue(global.Name, out var callable))
            return null;
        bool isMadeOfOpaque = arguments.Any(argument => argument is PickleOpaque);
        return callable(arguments) ?? (isMadeOfOpaque ? new PickleOpaque(global.Name) : null);
    }

    /// <summary>Reads a persistent id: ('storage', type, key, location, number of elements[, view]).</summary>
    /// <returns>
    /// The storage; a <see cref="PickleOpaque"/> when its type is unknown; null when it is no such tuple, or a view of
    /// another storage.
    /// </returns>
    public static object? Storage(object? id)
    {
        if (id is not PickleTuple { Items: ["storage", var type, string key, string, long count, .. var rest] })
            return null;
        if (count < 0 || rest is not ([] or [null]))
            return null;
        if (type is PickleOpaque opaque)
            return opaque;
        return type is PickleGlobal known && StorageTypes.TryGetValue(known.Name, out var scalarType)
            ? new StorageReference(key, scalarType, count)
            : null;
    }

    private static object? Parameter(object?[] arguments) =>
        arguments is [TensorReference or PickleOpaque, ..] ? arguments[0] : null;

    private static object Latin1(object?[] arguments) =>
        arguments is [string { Length: <= PickleBytes.MaxCount } text, ..]
            ? new PickleBytes(Encoding.Latin1.GetBytes(text))
            : new PickleOther("bytes");

    /// <summary>A number such as a best accuracy; of other types opaque.</summary>
    private static object? NumpyScalar(object?[] arguments) =>
        arguments switch
        {
            [PickleOther { Kind: "numpy f8" }, PickleBytes { Bytes.Length: 8 } value] =>
                BinaryPrimitives.ReadDoubleLittleEndian(value.Bytes),
            [PickleOther { Kind: "numpy f4" }, PickleBytes { Bytes.Length: 4 } value] => (double)
                BinaryPrimitives.ReadSingleLittleEndian(value.Bytes),
            [PickleOther { Kind: "numpy i8" }, PickleBytes { Bytes.Length: 8 } value] =>
                BinaryPrimitives.ReadInt64LittleEndian(value.Bytes),
            _ => new PickleOpaque("numpy scalar"),
        };

    private static TensorReference? Tensor(object?[] arguments) =>
        arguments is [StorageReference storage, long offset, PickleTuple shape, PickleTuple strides, ..]
            ? new TensorReference(storage, offset, shape, strides)
            : null;

    private static PickleDictionary? OrderedDictionary(object?[] arguments) =>
        arguments switch
        {
            [] => new PickleDictionary(isOrdered: true),
            [PickleList pairs] => new PickleDictionary(isOrdered: true, pairs),
            _ => null,
        };

    private static PickleOther? Device(object?[] arguments) =>
        arguments is [string] or [string, long] ? new PickleOther("device") : null;
}
