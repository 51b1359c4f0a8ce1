using System.Numerics;

namespace Dmkd.Core.Tensors;

/// <summary>
/// A pickle virtual machine (opcodes of protocols 2 to 5). It executes nothing: the call of a global only describes a
/// value, and a <see cref="PickleVocabulary"/> says which there are; of what <c>torch.save</c> writes,
/// <see cref="PickleGlobals"/>. Every opcode takes memory in proportion to its own bytes, and nothing that is shared is
/// ever copied, so a pickle costs no more than a fixed multiple of its length. Values are not walked here: a structure
/// that holds itself is harmless.
/// </summary>
/// <remarks>
/// Values are null, <see cref="bool"/>, <see cref="long"/>, <see cref="BigInteger"/>, <see cref="double"/>,
/// <see cref="string"/>, <see cref="PickleList"/>, <see cref="PickleTuple"/>, <see cref="PickleDictionary"/>,
/// <see cref="PickleBytes"/>, <see cref="PickleOther"/>, <see cref="PickleOpaque"/>, <see cref="PickleGlobal"/>,
/// <see cref="StorageReference"/> and
/// <see cref="TensorReference"/>.
/// </remarks>
internal sealed partial class RestrictedUnpickler
{
    private readonly PickleInput _input;
    private readonly PickleStack _stack;
    private readonly PickleVocabulary _vocabulary;
    private readonly List<object?> _memo = [];
    private int _memoPuts;

    private RestrictedUnpickler(PickleInput input, PickleVocabulary vocabulary)
    {
        _input = input;
        _vocabulary = vocabulary;
        _stack = new PickleStack(input);
    }

    /// <summary>Storages that persistent ids named, by key.</summary>
    public Dictionary<string, StorageReference> Storages { get; } = new(StringComparer.Ordinal);

    /// <summary>Every storage as a persistent id declared it, also one key in several ways.</summary>
    public HashSet<StorageReference> Declared { get; } = [];

    /// <summary>Every tensor that was made, also of opaque objects.</summary>
    public List<TensorReference> Tensors { get; } = [];

    /// <summary>The unpickled object.</summary>
    public object? Root { get; private set; }

    /// <summary>Reads one pickle.</summary>
    /// <param name="stream">Seekable; left behind the pickle. Borrowed.</param>
    /// <param name="name">What messages call the pickle.</param>
    /// <param name="vocabulary">The names that mean something; those of <c>torch.save</c> when null.</param>
    /// <exception cref="CheckpointFormatException">The pickle is malformed, over a limit, or mentions a name that is
    /// not allowed.</exception>
    public static RestrictedUnpickler Read(Stream stream, string name, PickleVocabulary? vocabulary = null)
    {
        var unpickler = new RestrictedUnpickler(new PickleInput(stream, name), vocabulary ?? PickleGlobals.Vocabulary);
        unpickler.Run();
        return unpickler;
    }

    private void Run()
    {
        for (int count = 0; ; count++)
        {
            if (count == PickleLimits.Opcodes)
                throw _input.Fail($"a pickle must have at most {PickleLimits.Opcodes} opcodes");
            int opcode = _input.Byte();
            if (opcode == Stop)
                break;
            if (
                !PushesValue(opcode)
                && !BuildsContainer(opcode)
                && !UsesMemo(opcode)
                && !NamesGlobal(opcode)
                && !Arranges(opcode)
            )
                throw _input.Fail($"refused opcode 0x{opcode:x2}; {_vocabulary.Writer} does not use it");
        }

        Root = _stack.Pop();
    }

    private void Put(long id)
    {
        // Picklers number from 0 (Python 3) or 1 (Python 2) without gaps; a gap would be memory taken for nothing.
        if (id > _memoPuts + 1)
            throw _input.Fail($"memo index must be in [0, {_memoPuts + 1}]; it is {id}");
        if (id >= PickleLimits.MemoEntries)
            throw _input.Fail($"the memo must have at most {PickleLimits.MemoEntries} entries");
        while (_memo.Count <= id)
            _memo.Add(null);
        _memo[(int)id] = _stack.Peek();
        _memoPuts++;
    }

    private object? Get(long id) =>
        id < _memo.Count
            ? _memo[(int)id]
            : throw _input.Fail($"memo index must be in [0, {_memo.Count - 1}]; it is {id}");

    private object Global(string module, string name) =>
        _vocabulary.Find(module, name)
        ?? throw _input.Fail(
            $"refused global {CheckpointFormatException.Quote($"{module}.{name}")}: {_vocabulary.WhyRefused}"
        );

    private string GlobalName() =>
        _stack.Pop() switch
        {
            string { Length: <= PickleLimits.GlobalNameBytes } name => name,
            string => throw _input.Fail($"a global's name has more than {PickleLimits.GlobalNameBytes} bytes"),
            _ => throw _input.Fail("a global's name is no text"),
        };

    private object Call()
    {
        object? arguments = _stack.Pop(),
            callable = _stack.Pop();
        if (callable is PickleOpaque)
            return callable;
        if (callable is not PickleGlobal global)
            throw _input.Fail($"refused call of a {Describe(callable)}");
        object? value = arguments is PickleTuple tuple ? _vocabulary.Call(global, tuple.Items) : null;
        if (value is TensorReference tensor)
            Tensors.Add(tensor);
        return value
            ?? throw _input.Fail(
                $"refused call of {CheckpointFormatException.Quote(global.Name)} with arguments it does not take"
            );
    }

    private void Build()
    {
        object? state = _stack.Pop();
        if (!_vocabulary.Build(_stack.Peek(), state))
            throw _input.Fail($"refused attributes on a {Describe(_stack.Peek())}");
    }

    private object Storage()
    {
        object found =
            PickleGlobals.Storage(_stack.Pop())
            ?? throw _input.Fail(
                "a persistent id must be ('storage', type, key, location, number of elements) of a storage that is no view"
            );
        if (found is StorageReference storage)
        {
            Storages.TryAdd(storage.Key, storage);
            Declared.Add(storage);
        }

        return found;
    }

    private static string Describe(object? value) =>
        value switch
        {
            null => "None",
            PickleOther other => other.Kind,
            PickleOpaque opaque => CheckpointFormatException.Quote(opaque.Name),
            PickleGlobal global => CheckpointFormatException.Quote(global.Name),
            _ => value.GetType().Name,
        };
}
