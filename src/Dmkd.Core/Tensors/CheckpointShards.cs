using System.Text.Json;

namespace Dmkd.Core.Tensors;

/// <summary>
/// The index of a checkpoint in several files, such as <c>model.safetensors.index.json</c>: which file has which tensor.
/// </summary>
/// <param name="Paths">The files, each once.</param>
/// <param name="Names">Names of all tensors.</param>
internal sealed record CheckpointShards(IReadOnlyList<string> Paths, IReadOnlyList<string> Names)
{
    private const int MaxBytes = 64 << 20;
    private const int MaxShards = 1000;
    private const string Map = "weight_map";

    /// <summary>Reads an index.</summary>
    /// <param name="file">The index. Borrowed.</param>
    /// <param name="path">Its path: the shards are files beside it.</param>
    /// <returns>The index, or null when the file is another document.</returns>
    /// <exception cref="CheckpointFormatException">It names no files, others than those beside it, or such as are
    /// missing.</exception>
    public static CheckpointShards? Read(Stream file, string path)
    {
        if (file.Length > MaxBytes)
            throw new CheckpointFormatException(
                $"{path}: an index must have at most {MaxBytes} bytes; it has {file.Length}."
            );
        var shardOf = MapOf(file);
        file.Position = 0;
        if (shardOf is null)
            return null;
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string[] shards = [.. shardOf.Values.Distinct(StringComparer.Ordinal)];
        if (shards.Length is 0 or > MaxShards)
            throw new CheckpointFormatException($"{path}: must name 1 to {MaxShards} files; it names {shards.Length}.");
        string[] paths = [.. shards.Select(shard => PathOf(shard, folder, path))];
        return new CheckpointShards(paths, [.. shardOf.Keys]);
    }

    private static string PathOf(string shard, string folder, string index)
    {
        string quoted = CheckpointFormatException.Quote(shard);
        if (shard.Length == 0 || shard is "." or ".." || shard.AsSpan().ContainsAny('/', '\\', '\0'))
            throw new CheckpointFormatException($"{index}: {quoted} is no name of a file beside it.");
        string full = Path.Combine(folder, shard);
        if (!File.Exists(full))
            throw new CheckpointFormatException($"{index}: its file {quoted} is missing.");
        using var file = File.OpenRead(full);
        if (FileSignature.Read(file).Problem is { } problem)
            throw new CheckpointFormatException($"{full}: {problem}.");
        return full;
    }

    private static Dictionary<string, string>? MapOf(Stream file)
    {
        try
        {
            using var document = JsonDocument.Parse(file);
            if (
                document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty(Map, out var map)
                || map.ValueKind != JsonValueKind.Object
            )
                return null;
            var shardOf = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var entry in map.EnumerateObject())
                shardOf[entry.Name] = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : "";
            return shardOf;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
