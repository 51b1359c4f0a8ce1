using Dmkd.Contracts.Library;

namespace Dmkd.Grains.Library;

/// <summary>The runs, oldest first.</summary>
internal sealed class LibraryDirectoryState
{
    public List<RunSummary> Runs { get; set; } = [];
}
