#include "grid/halo.h"

enum halo_tag { HALO_TAG_LEFTWARD = 1, HALO_TAG_RIGHTWARD };

void halo_exchange(const struct domain *domain, struct field *field)
{
    int nx = field->nx, ny = field->ny;
    MPI_Sendrecv(field_column(field, 0), ny, MPI_DOUBLE, domain->left, HALO_TAG_LEFTWARD,
                 field_column(field, nx), ny, MPI_DOUBLE, domain->right, HALO_TAG_LEFTWARD,
                 domain->comm, MPI_STATUS_IGNORE);
    MPI_Sendrecv(field_column(field, nx - 1), ny, MPI_DOUBLE, domain->right, HALO_TAG_RIGHTWARD,
                 field_column(field, -1), ny, MPI_DOUBLE, domain->left, HALO_TAG_RIGHTWARD,
                 domain->comm, MPI_STATUS_IGNORE);
}
