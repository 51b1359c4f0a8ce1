using Dmkd.Contracts.Runs;

namespace Dmkd.Experiments.Plans;

/// <summary>A data set of an experiment.</summary>
/// <param name="Name">Name in results.</param>
/// <param name="Source">What to read; its path is absolute.</param>
/// <param name="WrittenPath">The path as the file has it: moving a folder must not make its cells new ones.</param>
/// <param name="Tasks">Tasks that its classes are split into, T.</param>
public sealed record PlannedData(string Name, DataSource Source, string? WrittenPath, int Tasks);
