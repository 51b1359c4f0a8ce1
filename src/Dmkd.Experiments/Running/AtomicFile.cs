using System.Text.Json;

namespace Dmkd.Experiments.Running;

/// <summary>Files that appear whole or not at all.</summary>
internal static class AtomicFile
{
    /// <summary>Writes a file, replacing one that is there.</summary>
    public static void Write(string path, Action<Stream> content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string temporary = $"{path}.{Path.GetRandomFileName()}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                content(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Writes a document as JSON.</summary>
    public static void WriteJson<T>(string path, T document) => Write(path, stream =>
    {
        JsonSerializer.Serialize(stream, document, ExperimentJson.Indented);
        stream.WriteByte((byte)'\n');
    });
}
