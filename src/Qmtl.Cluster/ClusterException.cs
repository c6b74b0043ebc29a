namespace Qmtl.Cluster;

/// <summary>A cluster cannot be reached, or refused. The message is written for an operator and holds no secret.</summary>
public sealed class ClusterException : Exception
{
    /// <summary>An error of the cluster.</summary>
    public ClusterException(string message)
        : base(message)
    {
    }

    /// <summary>An error of the cluster, with its cause.</summary>
    public ClusterException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
