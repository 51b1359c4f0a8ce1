using System.Text.Json;
using Dmkd.Experiments.Plans;

namespace Dmkd.Experiments.Protocol;

/// <summary>
/// The cells of a folder of results: one file each, found by the digest at the end of its name. Safe to use from many
/// threads.
/// </summary>
/// <param name="folder">The folder of results.</param>
public sealed class CellStore(string folder)
{
    private const string Finished = ".json";
    private const string Failed = ".failed.json";

    private string Cells => Path.Combine(folder, "cells");

    /// <summary>The document of a cell; null when it was not finished yet.</summary>
    /// <exception cref="PlanException">Its file is damaged.</exception>
    public CellDocument? Find(Cell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        return FileOf(cell.Digest, Finished) is { } file ? Read<CellDocument>(file) : null;
    }

    /// <summary>Stores a finished cell; a failure of it is forgotten.</summary>
    public void Write(Cell cell, CellDocument document)
    {
        ArgumentNullException.ThrowIfNull(cell);
        AtomicFile.WriteJson(Path.Combine(Cells, cell.Name + Finished), document);
        if (FileOf(cell.Digest, Failed) is { } failure)
            File.Delete(failure);
    }

    /// <summary>Stores a failure; the cell is tried again by the next run.</summary>
    public void Write(Cell cell, CellFailure failure)
    {
        ArgumentNullException.ThrowIfNull(cell);
        AtomicFile.WriteJson(Path.Combine(Cells, cell.Name + Failed), failure);
    }

    /// <summary>The document of a cell by its digest; null when it was not finished.</summary>
    /// <exception cref="PlanException">Its file is damaged.</exception>
    public CellDocument? FindFinished(string digest) =>
        FileOf(digest, Finished) is { } file ? Read<CellDocument>(file) : null;

    /// <summary>The failure of a cell by its digest; null when it did not fail.</summary>
    /// <exception cref="PlanException">Its file is damaged.</exception>
    public CellFailure? FindFailed(string digest) =>
        FileOf(digest, Failed) is { } file ? Read<CellFailure>(file) : null;

    private string? FileOf(string digest, string ending) =>
        Directory.Exists(Cells)
            ? Directory.EnumerateFiles(Cells, $"*-{digest}{ending}").Order(StringComparer.Ordinal).FirstOrDefault()
            : null;

    private static T Read<T>(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            return JsonSerializer.Deserialize<T>(stream, ExperimentJson.Indented)
                ?? throw new JsonException("it holds null");
        }
        catch (JsonException e)
        {
            throw new PlanException(
                $"{file} is no cell of this version: {e.Message.Split(" Path:")[0]} Delete it to measure the cell again."
            );
        }
    }
}

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
    public static void WriteJson<T>(string path, T document) =>
        Write(
            path,
            stream =>
            {
                JsonSerializer.Serialize(stream, document, ExperimentJson.Indented);
                stream.WriteByte((byte)'\n');
            }
        );
}

/// <summary>
/// A cell that failed, as its file holds it. The cell is tried again by the next run of the experiment.
/// </summary>
public sealed record CellFailure
{
    /// <summary>Name of the cell.</summary>
    public required string Cell { get; init; }

    /// <summary>What it is for.</summary>
    public required CellStage Stage { get; init; }

    /// <summary>Name of the data set in the experiment.</summary>
    public required string Dataset { get; init; }

    /// <summary>The method.</summary>
    public required string Method { get; init; }

    /// <summary>Its parameters.</summary>
    public required IReadOnlyDictionary<string, string> MethodParameters { get; init; }

    /// <summary>Seed of everything random.</summary>
    public required int Seed { get; init; }

    /// <summary>Why it failed, in one line.</summary>
    public required string Error { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it failed.</summary>
    public required DateTimeOffset FailedAt { get; init; }

    /// <summary>What computed.</summary>
    public required Versions Versions { get; init; }

    /// <summary>Where.</summary>
    public required MachineInfo Machine { get; init; }

    /// <summary>The record of a failed cell.</summary>
    public static CellFailure Of(Cell cell, string error, CellCircumstances circumstances)
    {
        ArgumentNullException.ThrowIfNull(cell);
        ArgumentNullException.ThrowIfNull(error);
        ArgumentNullException.ThrowIfNull(circumstances);
        return new CellFailure
        {
            Cell = cell.Name,
            Stage = cell.Stage,
            Dataset = cell.Data.Name,
            Method = cell.Method,
            MethodParameters = cell.Parameters,
            Seed = cell.Settings.Seed,
            Error = error.ReplaceLineEndings(" "),
            StartedAt = circumstances.StartedAt,
            FailedAt = circumstances.EndedAt,
            Versions = circumstances.Versions,
            Machine = circumstances.Machine,
        };
    }
}
