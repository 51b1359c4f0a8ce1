using System.Buffers;
using System.Globalization;
using Dmkd.Core;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.WireProtocol;

namespace Dmkd.Hosting.Security;

/// <summary>
/// Looks at the bytes of a client's message before Orleans makes objects of them, which it does by recursion and before
/// anybody asks for a role. Walks over fields as Orleans does, with its own reader, and builds nothing. Pure.
/// </summary>
internal static class WireCheck
{
    /// <summary>Both lengths of a message, which stand before it.</summary>
    public const int LengthBytes = 8;

    /// <summary>Addresses, trace and token: the longest token alone has 8,192 characters.</summary>
    public const int MaxHeaderBytes = 12 << 10;

    /// <summary>The inputs of a request to route, and as much again for what is asked about them.</summary>
    public const int MaxBodyBytes = 8 << 20;

    /// <summary>Objects in one another; what is sent here has fewer than 10.</summary>
    public const int MaxDepth = 32;

    /// <summary>Values in a body, each of which may become an object.</summary>
    public const int MaxFields = 1 << 20;

    private const int MaxTypeNameBytes = 1024,
        MaxIdBytes = 1024, // Orleans remembers 128,000 of them
        MaxContextEntries = 8;

    /// <summary>Orleans' flags of a header.</summary>
    private const uint HasContext = 1 << 4,
        HasInterfaceVersion = 1 << 5,
        HasInterfaceType = 1 << 6,
        HasMovedGrains = 1 << 7,
        HasTimeToLive = 1 << 8;

    /// <summary>Orleans' numbers of types that stand for themselves.</summary>
    private const uint StringType = 2,
        SerializableType = 20,
        ExceptionType = 21,
        TypeType = 27;

    /// <summary>What a client's context may hold: its token, and a trace in the forms that .NET writes.</summary>
    private static readonly string[] ContextKeys =
    [
        CallerToken.Key,
        "traceparent",
        "tracestate",
        "baggage",
        "Correlation-Context",
        "Request-Id",
    ];

    /// <summary>What is wrong with a message's lengths; null when it may be read.</summary>
    public static string? LengthProblem(int headerBytes, int bodyBytes)
    {
        if (headerBytes is < 1 or > MaxHeaderBytes)
            return string.Create(
                CultureInfo.InvariantCulture,
                $"a header has 1 to {MaxHeaderBytes} bytes, not {headerBytes}"
            );
        if (bodyBytes is < 0 or > MaxBodyBytes)
            return string.Create(
                CultureInfo.InvariantCulture,
                $"a body has 0 to {MaxBodyBytes} bytes, not {bodyBytes}"
            );
        return null;
    }

    /// <summary>What is wrong with a header; null when it may be read.</summary>
    /// <param name="header">Its bytes.</param>
    /// <param name="tokenProblem">What is wrong with the token that it shows; null when every token may be shown.</param>
    public static string? HeaderProblem(ReadOnlySequence<byte> header, Func<string, string?>? tokenProblem = null) =>
        Guarded(header, bytes => ReadHeader(bytes, tokenProblem));

    /// <summary>What is wrong with a body; null when it may be read.</summary>
    public static string? BodyProblem(ReadOnlySequence<byte> body) => body.IsEmpty ? null : Guarded(body, ReadBody);

    private static string? Guarded(ReadOnlySequence<byte> bytes, Func<ReadOnlySequence<byte>, string?> read)
    {
        try
        {
            return read(bytes);
        }
        catch (Exception e)
            when (e is InvalidOperationException or ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            return "it ends too early, or is no message"; // what Orleans' reader throws
        }
    }

    private static string? ReadHeader(ReadOnlySequence<byte> header, Func<string, string?>? tokenProblem)
    {
        var reader = Reader.Create(header, null!);
        uint flags = reader.ReadUInt32();
        if ((flags & HasMovedGrains) != 0)
            return "it tells where grains are, which is for silos";
        reader.ReadInt64(); // number of the message
        for (int i = 0; i < 4; i++)
            if (SkipId(ref reader) is { } problem) // type and key, of the sender and of the target
                return problem;
        for (int i = 0; i < 2; i++)
            SkipBytes(ref reader); // silos of both
        if ((flags & HasTimeToLive) != 0)
            reader.ReadInt32();
        if ((flags & HasInterfaceType) != 0 && SkipId(ref reader) is { } wrong)
            return wrong;
        if ((flags & HasInterfaceVersion) != 0)
            reader.ReadVarUInt32();
        return (flags & HasContext) == 0 ? null : ReadContext(ref reader, tokenProblem);
    }

    private static string? ReadContext(ref Reader<ReadOnlySequenceInput> reader, Func<string, string?>? tokenProblem)
    {
        uint entries = reader.ReadVarUInt32();
        if (entries > MaxContextEntries)
            return $"its context has at most {MaxContextEntries} entries, not {entries}";
        for (uint i = 0; i < entries; i++)
        {
            string key = ReadKey(ref reader);
            if (!ContextKeys.Contains(key))
                return $"its context may not hold '{OneLine.Of(key)}'";
            var tag = new Tag(reader.ReadByte());
            bool isText =
                tag is { SchemaType: SchemaType.WellKnown, FieldIdDelta: 0 } && reader.ReadVarUInt32() == StringType;
            if (!isText || tag.WireType is not (WireType.LengthPrefixed or WireType.Reference))
                return $"'{key}' of its context must be a text";
            if (key == CallerToken.Key && tokenProblem is not null)
            {
                if (tag.WireType is WireType.Reference)
                    return $"'{key}' of its context must be a text of its own";
                if (tokenProblem(ReadText(ref reader)) is { } problem)
                    return problem;
            }
            else if (tag.WireType is WireType.Reference)
            {
                reader.ReadVarUInt32();
            }
            else
            {
                SkipBytes(ref reader);
            }
        }

        return null;
    }

    /// <summary>A value and all that is in it, however deep, in one loop.</summary>
    private static string? ReadBody(ReadOnlySequence<byte> body)
    {
        var reader = Reader.Create(body, null!);
        int depth = 0,
            fields = 0;
        do
        {
            if (++fields > MaxFields)
                return $"its body has more than {MaxFields} values";
            var tag = new Tag(reader.ReadByte());
            if (tag.HasExtendedWireType)
            {
                if (tag.ExtendedWireType is ExtendedWireType.EndTagDelimited)
                    depth--;
                else if (tag.ExtendedWireType is not ExtendedWireType.EndBaseFields)
                    return "it is no message";
                continue;
            }

            if (tag.HasExtendedFieldId)
                reader.ReadVarUInt32();
            if (TypeProblem(ref reader, tag.SchemaType) is { } problem)
                return problem;
            if (tag.WireType is WireType.TagDelimited)
                depth++;
            else if (!SkipValue(ref reader, tag.WireType))
                return "it is no message";
            if (depth > MaxDepth)
                return $"its values lie more than {MaxDepth} deep in one another";
        } while (depth > 0);

        return depth < 0 ? "it is no message" : null;
    }

    /// <summary>
    /// Types by name or number. Some have forms of their own, in which more may lie than their fields show; no client
    /// needs to send them.
    /// </summary>
    private static string? TypeProblem(ref Reader<ReadOnlySequenceInput> reader, SchemaType schema)
    {
        const string refused = "it holds a type or an exception, which no call takes";
        switch (schema)
        {
            case SchemaType.WellKnown:
                return reader.ReadVarUInt32() is SerializableType or ExceptionType or TypeType ? refused : null;
            case SchemaType.Encoded:
                reader.ReadByte(); // version
                reader.ReadInt32(); // hash
                uint length = reader.ReadVarUInt32();
                if (length > MaxTypeNameBytes)
                    return $"a type's name has at most {MaxTypeNameBytes} bytes, not {length}";
                ReadOnlySpan<byte> name = reader.ReadBytes(length);
                bool isRefused =
                    name.IndexOf("System.Type"u8) >= 0
                    || name.IndexOf("RuntimeType"u8) >= 0
                    || name.IndexOf("Exception"u8) >= 0;
                return isRefused ? refused : null;
            case SchemaType.Referenced:
                reader.ReadVarUInt32();
                return null;
            default:
                return null; // as the field's own
        }
    }

    private static bool SkipValue(ref Reader<ReadOnlySequenceInput> reader, WireType type)
    {
        switch (type)
        {
            case WireType.VarInt or WireType.Reference:
                reader.ReadVarUInt64();
                return true;
            case WireType.Fixed32:
                reader.ReadUInt32();
                return true;
            case WireType.Fixed64:
                reader.ReadUInt64();
                return true;
            case WireType.LengthPrefixed:
                SkipBytes(ref reader);
                return true;
            default:
                return false;
        }
    }

    /// <summary>A part of an address: its length, a hash that is not counted in it, and that many bytes.</summary>
    /// <returns>What is wrong with it; null for nothing.</returns>
    private static string? SkipId(ref Reader<ReadOnlySequenceInput> reader)
    {
        uint length = reader.ReadVarUInt32();
        if (length == 0)
            return null;
        if (length > MaxIdBytes)
            return $"an id in its header has at most {MaxIdBytes} bytes, not {length}";
        reader.ReadInt32();
        Skip(ref reader, length);
        return null;
    }

    private static void SkipBytes(ref Reader<ReadOnlySequenceInput> reader)
    {
        uint length = reader.ReadVarUInt32();
        Skip(ref reader, length);
    }

    private static void Skip(ref Reader<ReadOnlySequenceInput> reader, uint length)
    {
        reader.EnsureAvailable(length);
        reader.Skip(length);
    }

    private static string ReadKey(ref Reader<ReadOnlySequenceInput> reader)
    {
        uint length = reader.ReadVarUInt32(); // and one, for null is 0
        return length <= 1 ? "" : ReadText(ref reader, length - 1);
    }

    private static string ReadText(ref Reader<ReadOnlySequenceInput> reader)
    {
        uint length = reader.ReadVarUInt32();
        return ReadText(ref reader, length);
    }

    private static string ReadText(ref Reader<ReadOnlySequenceInput> reader, uint length)
    {
        reader.EnsureAvailable(length);
        return System.Text.Encoding.UTF8.GetString(reader.ReadBytes(length));
    }
}
