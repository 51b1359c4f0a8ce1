namespace Dmkd.Core.Tensors;

/// <summary>
/// How much a pickle may ask for. A state dict takes about 25 opcodes per tensor; these are far above any real one.
/// </summary>
internal static class PickleLimits
{
    /// <summary>Most opcodes in one pickle.</summary>
    public const int Opcodes = 10_000_000;

    /// <summary>Most values on the stack.</summary>
    public const int StackDepth = 100_000;

    /// <summary>Most open marks.</summary>
    public const int Marks = 1_000;

    /// <summary>Most entries of the memo.</summary>
    public const int MemoEntries = 4_000_000;

    /// <summary>Longest text.</summary>
    public const int TextBytes = 1 << 20;

    /// <summary>Longest name of a global, per half.</summary>
    public const int GlobalNameBytes = 256;

    /// <summary>Longest integer.</summary>
    public const int IntegerBytes = 255;

    /// <summary>Most dimensions of a tensor.</summary>
    public const int Dimensions = 64;

    /// <summary>Most tensors of a state dict.</summary>
    public const int Tensors = 100_000;

    /// <summary>Longest pickle in an archive.</summary>
    public const int PickleBytes = 1 << 28;
}

/// <summary>The stack of a pickle machine, with marks. Nothing below the last mark can be taken one by one.</summary>
/// <param name="input">Gives positions to messages. Borrowed.</param>
internal sealed class PickleStack(PickleInput input)
{
    private readonly List<object?> _values = [];
    private readonly List<int> _marks = [];

    private int Floor => _marks.Count == 0 ? 0 : _marks[^1];

    /// <summary>Adds a value.</summary>
    public void Push(object? value)
    {
        if (_values.Count == PickleLimits.StackDepth)
            throw input.Fail($"the stack must have at most {PickleLimits.StackDepth} values");
        _values.Add(value);
    }

    /// <summary>The last value.</summary>
    public object? Peek() => _values.Count > Floor ? _values[^1] : throw Empty();

    /// <summary>Takes the last value.</summary>
    public object? Pop()
    {
        object? value = Peek();
        _values.RemoveAt(_values.Count - 1);
        return value;
    }

    /// <summary>Takes the last values, first pushed first.</summary>
    public object?[] Pop(int count) => _values.Count - Floor >= count ? Take(_values.Count - count) : throw Empty();

    /// <summary>Remembers where the next values start.</summary>
    public void Mark()
    {
        if (_marks.Count == PickleLimits.Marks)
            throw input.Fail($"at most {PickleLimits.Marks} marks may be open");
        _marks.Add(_values.Count);
    }

    /// <summary>Takes the values since the last mark, and the mark.</summary>
    public object?[] PopToMark()
    {
        if (_marks.Count == 0)
            throw input.Fail("there is no mark");
        int start = Floor;
        _marks.RemoveAt(_marks.Count - 1);
        return Take(start);
    }

    private object?[] Take(int start)
    {
        int count = _values.Count - start;
        if (count == 0)
            return [];
        var values = new object?[count];
        _values.CopyTo(start, values, 0, count);
        _values.RemoveRange(start, count);
        return values;
    }

    private CheckpointFormatException Empty() => input.Fail("the stack has no value for the opcode");
}
