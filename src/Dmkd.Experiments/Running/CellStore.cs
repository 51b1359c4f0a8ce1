using System.Text.Json;
using Dmkd.Experiments.Plans;

namespace Dmkd.Experiments.Running;

/// <summary>The cells of a folder of results: one file each, found by the digest at the end of its name. Safe to use from many threads.</summary>
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
        if (FileOf(cell.Digest, Failed) is { } failure) File.Delete(failure);
    }

    /// <summary>Stores a failure; the cell is tried again by the next run.</summary>
    public void Write(Cell cell, CellFailure failure)
    {
        ArgumentNullException.ThrowIfNull(cell);
        AtomicFile.WriteJson(Path.Combine(Cells, cell.Name + Failed), failure);
    }

    /// <summary>The document of a cell by its digest; null when it was not finished.</summary>
    /// <exception cref="PlanException">Its file is damaged.</exception>
    public CellDocument? FindFinished(string digest) => FileOf(digest, Finished) is { } file ? Read<CellDocument>(file) : null;

    /// <summary>The failure of a cell by its digest; null when it did not fail.</summary>
    /// <exception cref="PlanException">Its file is damaged.</exception>
    public CellFailure? FindFailed(string digest) => FileOf(digest, Failed) is { } file ? Read<CellFailure>(file) : null;

    private string? FileOf(string digest, string ending) => Directory.Exists(Cells)
        ? Directory.EnumerateFiles(Cells, $"*-{digest}{ending}").Order(StringComparer.Ordinal).FirstOrDefault()
        : null;

    private static T Read<T>(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            return JsonSerializer.Deserialize<T>(stream, ExperimentJson.Indented) ?? throw new JsonException("it holds null");
        }
        catch (JsonException e)
        {
            throw new PlanException($"{file} is no cell of this version: {e.Message.Split(" Path:")[0]} Delete it to measure the cell again.");
        }
    }
}
