using System.Text.Json;

namespace Dmkd.Core.Tensors;

/// <summary>
/// Reads the header of a safetensors file as untrusted input. A streaming parser, so that a hostile header costs no
/// more memory than its own size, and so that a name given twice is seen.
/// </summary>
internal ref struct SafeTensorsHeaderParser
{
    private const int MaxDimensions = 64;

    private readonly string _source;
    private readonly bool _isLenient;
    private readonly List<SafeTensorsEntry> _entries = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private Utf8JsonReader _json;
    private string _place = "header";
    private string? _name; // of the tensor that _place is about

    private SafeTensorsHeaderParser(ReadOnlySpan<byte> json, string source, bool isLenient)
    {
        _source = source;
        _isLenient = isLenient;
        _json = new Utf8JsonReader(json);
    }

    /// <summary>Reads a header and checks it against the data behind it.</summary>
    /// <param name="json">The header's bytes.</param>
    /// <param name="dataBytes">Size of the data behind it.</param>
    /// <param name="source">What messages call the file.</param>
    /// <param name="isLenient">Whether to take what the reference reader takes and this program does not write: types
    /// that TorchSharp cannot hold, further fields, no metadata.</param>
    /// <exception cref="CheckpointFormatException">The header is malformed or does not fit the data.</exception>
    public static SafeTensorsHeader Parse(
        ReadOnlySpan<byte> json,
        long dataBytes,
        string source,
        bool isLenient = false
    )
    {
        if (json.IsEmpty || json[0] != (byte)'{')
            throw new CheckpointFormatException($"{source}: the header is no JSON object; it must start with '{{'.");
        var parser = new SafeTensorsHeaderParser(json, source, isLenient);
        try
        {
            parser.ReadRoot();
        }
        // the latter: a text that is not UTF-8
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointFormatException($"{source}: {parser.At} is not valid JSON.", e);
        }

        SafeTensorsLayout.Check(parser._entries, dataBytes, source);
        return new SafeTensorsHeader(parser._entries, parser._metadata);
    }

    /// <summary>Where it reads, for messages; put together only when there is one.</summary>
    private readonly string At => _name is null ? _place : $"{_place} {CheckpointFormatException.Quote(_name)}";

    private void ReadRoot()
    {
        _json.Read();
        while (NextName() is { } name)
        {
            if (!_names.Add(name))
                throw Fail($"{CheckpointFormatException.Quote(name)} comes twice");
            if (name == SafeTensorsHeader.MetadataKey)
                ReadMetadata();
            else
                ReadEntry(name);
            (_place, _name) = ("header after", name);
        }

        _json.Read(); // reports what follows the object
    }

    private void ReadMetadata()
    {
        (_place, _name) = ("metadata", null);
        _json.Read();
        if (_isLenient && _json.TokenType == JsonTokenType.Null)
            return;
        Require(JsonTokenType.StartObject);
        while (NextName() is { } key)
        {
            Expect(JsonTokenType.String);
            if (!_metadata.TryAdd(key, _json.GetString()!))
                throw Fail($"key {CheckpointFormatException.Quote(key)} comes twice");
        }
    }

    private void ReadEntry(string name)
    {
        (_place, _name) = ("tensor", name);
        SafeTensorsType? type = null;
        long[]? shape = null,
            offsets = null;
        Expect(JsonTokenType.StartObject);
        while (NextName() is { } field)
        {
            if (field == "dtype" && type is null)
                type = ReadType();
            else if (field == "shape" && shape is null)
                shape = ReadNumbers(MaxDimensions);
            else if (field == "data_offsets" && offsets is null)
                offsets = ReadNumbers(2);
            else if (_isLenient && field is not ("dtype" or "shape" or "data_offsets"))
                _json.Skip();
            else
                throw Fail($"field {CheckpointFormatException.Quote(field)} is unknown or comes twice");
        }

        if (type is null || shape is null || offsets is not { Length: 2 })
            throw Fail("needs dtype, shape and two data_offsets");
        _entries.Add(new SafeTensorsEntry(name, type, shape, offsets[0], offsets[1]));
    }

    private SafeTensorsType ReadType()
    {
        Expect(JsonTokenType.String);
        string name = _json.GetString()!;
        return SafeTensorsType.Find(name)
            ?? (_isLenient ? SafeTensorsType.FindForeign(name) : null)
            ?? throw Fail($"dtype {CheckpointFormatException.Quote(name)} is none of {SafeTensorsType.Names}");
    }

    private long[] ReadNumbers(int most)
    {
        Expect(JsonTokenType.StartArray);
        Span<long> numbers = stackalloc long[most];
        int count = 0;
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            if (count == most)
                throw Fail($"an array has more than {most} numbers");
            if (_json.TokenType != JsonTokenType.Number || !_json.TryGetInt64(out long number) || number < 0)
                throw Fail("shape and data_offsets must hold whole numbers that are not negative");
            numbers[count++] = number;
        }

        return numbers[..count].ToArray();
    }

    /// <summary>Moves to the next property of the current object.</summary>
    /// <returns>Its name, or null at the object's end.</returns>
    private string? NextName() =>
        _json.Read() && _json.TokenType == JsonTokenType.PropertyName ? _json.GetString() : null;

    private void Expect(JsonTokenType type)
    {
        _json.Read();
        Require(type);
    }

    private readonly void Require(JsonTokenType type)
    {
        if (_json.TokenType != type)
            throw Fail($"expected {type}, found {_json.TokenType}");
    }

    private readonly CheckpointFormatException Fail(string problem) => new($"{_source}: {At}: {problem}.");
}
