namespace Dmkd.Grains.Storage;

/// <summary>
/// Names of persisted states. Rows are keyed by state name and grain key, not by class: two classes with one name would
/// overwrite each other, so every grain class has its own and a test checks it.
/// </summary>
internal static class StorageNames
{
    public const string Provider = "dmkd";
    public const string ExpertModule = "expert-module";
    public const string ModuleCatalog = "module-catalog";
    public const string LibraryDirectory = "library-directory";
    public const string Preservation = "preservation";
    public const string Node = "node";
    public const string MergeCoordinator = "merge-coordinator";
    public const string TrainingRun = "training-run";
}
