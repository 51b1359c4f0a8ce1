using System.Numerics;

namespace Dmkd.Core.Tensors;

/// <content>The opcodes by what they do. Each method returns whether the opcode is one of its own.</content>
internal sealed partial class RestrictedUnpickler
{
    private const int Stop = '.';

    private bool PushesValue(int opcode)
    {
        switch (opcode)
        {
            case 'N':
                _stack.Push(null);
                return true;
            case 0x88:
                _stack.Push(true);
                return true;
            case 0x89:
                _stack.Push(false);
                return true;
            case 'J':
                _stack.Push((long)_input.Int32());
                return true;
            case 'K':
                _stack.Push((long)_input.Byte());
                return true;
            case 'M':
                _stack.Push((long)_input.UInt16());
                return true;
            case 0x8a:
                PushInteger(_input.Byte());
                return true;
            case 0x8b:
                PushInteger(_input.Int32());
                return true;
            case 'G':
                _stack.Push(_input.Double());
                return true;
            case 'X':
                _stack.Push(_input.Text(_input.UInt32(), _vocabulary.LongestText));
                return true;
            case 0x8c:
                _stack.Push(_input.Text(_input.Byte(), _vocabulary.LongestText));
                return true;
            case 0x8d:
                _stack.Push(_input.Text(_input.Int64(), _vocabulary.LongestText));
                return true;
            case 'T':
                PushOldText(_input.Int32());
                return true;
            case 'U':
                _stack.Push(_input.Latin1(_input.Byte()));
                return true;
            case 'B':
                PassBytes(_input.UInt32());
                return true;
            case 'C':
                PassBytes(_input.Byte());
                return true;
            case 0x8e or 0x96:
                PassBytes(_input.Int64());
                return true;
            default:
                return false;
        }
    }

    private bool BuildsContainer(int opcode)
    {
        switch (opcode)
        {
            case '}':
                _stack.Push(new PickleDictionary(isOrdered: false));
                return true;
            case ']':
                _stack.Push(new PickleList());
                return true;
            case ')':
                _stack.Push(new PickleTuple([]));
                return true;
            case 't':
                _stack.Push(new PickleTuple(_stack.PopToMark()));
                return true;
            case 0x85 or 0x86 or 0x87:
                _stack.Push(new PickleTuple(_stack.Pop(opcode - 0x84)));
                return true;
            case 'a':
                Append(_stack.Pop(1));
                return true;
            case 'e':
                Append(_stack.PopToMark());
                return true;
            case 's':
                SetItems(_stack.Pop(2));
                return true;
            case 'u':
                SetItems(_stack.PopToMark());
                return true;
            case 0x8f:
                _stack.Push(new PickleOther("set"));
                return true;
            case 0x90:
                AddItems(_stack.PopToMark());
                return true;
            case 0x91:
                _stack.PopToMark();
                _stack.Push(new PickleOther("frozenset"));
                return true;
            default:
                return false;
        }
    }

    private bool UsesMemo(int opcode)
    {
        switch (opcode)
        {
            case 'q':
                Put(_input.Byte());
                return true;
            case 'r':
                Put(_input.UInt32());
                return true;
            case 0x94:
                Put(_memo.Count);
                return true;
            case 'h':
                _stack.Push(Get(_input.Byte()));
                return true;
            case 'j':
                _stack.Push(Get(_input.UInt32()));
                return true;
            default:
                return false;
        }
    }

    private bool NamesGlobal(int opcode)
    {
        switch (opcode)
        {
            case 'c':
                _stack.Push(Global(_input.Line(), _input.Line()));
                return true;
            case 0x93:
                string name = GlobalName();
                _stack.Push(Global(GlobalName(), name));
                return true;
            case 'R' or 0x81:
                _stack.Push(Call());
                return true;
            case 0x92:
                _stack.Pop(); // keyword arguments
                _stack.Push(Call());
                return true;
            case 'b':
                Build();
                return true;
            case 'Q':
                _stack.Push(Storage());
                return true;
            default:
                return false;
        }
    }

    private bool Arranges(int opcode)
    {
        switch (opcode)
        {
            case 0x80:
                CheckProtocol(_input.Byte());
                return true;
            case 0x95:
                _input.Int64();
                return true; // a frame is a hint for buffering
            case '(':
                _stack.Mark();
                return true;
            case '0':
                _stack.Pop();
                return true;
            case '1':
                _stack.PopToMark();
                return true;
            case '2':
                _stack.Push(_stack.Peek());
                return true;
            default:
                return false;
        }
    }

    private void PushInteger(int bytes)
    {
        var value = new BigInteger(_input.Bytes(bytes, PickleLimits.IntegerBytes, "an integer"));
        if (value >= long.MinValue && value <= long.MaxValue)
            _stack.Push((long)value);
        else
            _stack.Push(value);
    }

    /// <summary>What Python 2 called a text may also be bytes; longer than a text it can be nothing else.</summary>
    private void PushOldText(int count)
    {
        if (count > PickleLimits.TextBytes && count <= _vocabulary.LongestBytes)
            PassBytes(count);
        else
            _stack.Push(_input.Latin1(count));
    }

    private void PassBytes(long count)
    {
        if (count >= 0 && count <= _vocabulary.LongestBytes)
        {
            _stack.Push(new PickleBytes(_input.Bytes(count, _vocabulary.LongestBytes, "bytes")));
            return;
        }

        _input.Skip(count);
        _stack.Push(new PickleOther("bytes"));
    }

    private void Append(object?[] items)
    {
        if (_stack.Peek() is PickleOpaque)
            return;
        if (_stack.Peek() is not PickleList list)
            throw _input.Fail($"refused items for a {Describe(_stack.Peek())}; it must be a list");
        list.Items.AddRange(items);
    }

    private void AddItems(object?[] items)
    {
        if (_stack.Peek() is not (PickleOther { Kind: "set" } or PickleOpaque))
            throw _input.Fail($"refused {items.Length} items for a {Describe(_stack.Peek())}; it must be a set");
    }

    private void SetItems(object?[] items)
    {
        if (_stack.Peek() is PickleOpaque)
            return;
        if (_stack.Peek() is not PickleDictionary dictionary)
            throw _input.Fail($"refused items for a {Describe(_stack.Peek())}; it must be a dictionary");
        if (items.Length % 2 != 0)
            throw _input.Fail($"a dictionary takes pairs; there are {items.Length} values");
        for (int i = 0; i < items.Length; i += 2)
            dictionary.Add(items[i], items[i + 1]);
    }

    private void CheckProtocol(int version)
    {
        if (version is < 2 or > 5)
            throw _input.Fail($"protocol must be in [2, 5]; it is {version}");
    }
}
